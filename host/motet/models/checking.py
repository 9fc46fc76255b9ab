# SPDX-License-Identifier: Apache-2.0
"""What a model needs and which boards have it, before anything is deployed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from motet.boards import Board
from motet.models import children, running, sizing
from motet.models.children import GRAPH, ask
from motet.models.inspection import ModelError
from motet.models.running import Ports

# Heap that a device keeps free while an artifact arrives (motet_core/artifact.py).
RESERVE_BYTES = 4096


@dataclass(frozen=True)
class Operator:
    """One operator; ``refused`` says why the device engine does not take it, None when it does."""

    index: int
    name: str
    refused: str | None


@dataclass(frozen=True)
class Fit:
    """A model on a board, in bytes. In RAM are the arena and, as a device keeps what it is sent, the file."""

    board: str
    ram_needed: int
    ram_available: int
    flash_needed: int
    flash_available: int

    @property
    def fits_ram(self) -> bool:
        return self.ram_needed <= self.ram_available

    @property
    def fits_flash(self) -> bool:
        """Whether the file alone fits the flash that the firmware's budget leaves, for a model that stays there."""
        return self.flash_needed <= self.flash_available


@dataclass(frozen=True)
class Report:
    """``refused`` is None for a model that the device engine takes. ``arena_bytes`` is what a 32-bit board needs; where it could
    not be counted (``arena_exact`` is False) it is what this machine needs, which is more."""

    file_bytes: int
    operators: tuple[Operator, ...]
    refused: str | None
    ports: Ports | None
    arena_bytes: int | None
    arena_exact: bool
    fits: tuple[Fit, ...]

    @property
    def unsupported(self) -> tuple[Operator, ...]:
        return tuple(one for one in self.operators if one.refused is not None)


def check(data: bytes, boards: Sequence[Board], what: str) -> Report:
    """Looks at a model. Raises ModelError when it is no model at all."""
    if data[4:8] != b"TFL3":
        raise ModelError(f"{what}: this is not a TensorFlow Lite file (TFL3 is missing at byte 4)")
    try:
        ports, refused = running.ports(data, what), None
    except ModelError as error:
        ports, refused = None, str(error).removeprefix(f"{what}: ")
    operators = _operators(data, ports, what)
    if ports is None:
        return Report(len(data), operators, refused, None, None, False, ())
    counted = sizing.arena_of_a_board(data)
    arena = ports.arena_bytes if counted is None else counted
    fits = tuple(fit for board in boards if (fit := _fit(board, len(data), arena)))
    return Report(len(data), operators, refused, ports, arena, counted is not None, fits)


def _operators(data: bytes, ports: Ports | None, what: str) -> tuple[Operator, ...]:
    if ports is not None:
        return tuple(Operator(index, name, None) for index, name in enumerate(ports.operators))
    if not children.has_wheel():
        return ()
    try:
        rows = ask(GRAPH, {"work": "operators", "model": data}, what)["operators"]
    except ModelError:
        return ()  # the engine's own refusal says enough
    return tuple(Operator(index, name, reason) for index, (name, reason) in enumerate(rows))


def _fit(board: Board, size: int, arena: int) -> Fit | None:
    """None for a board without fixed memory, which has plenty."""
    if not (board.memory and board.budget):
        return None
    ram = size + arena + RESERVE_BYTES
    return Fit(board.name, ram, board.budget.heap_free, size, board.memory.flash - board.budget.flash)
