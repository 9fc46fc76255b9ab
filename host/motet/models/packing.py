# SPDX-License-Identifier: Apache-2.0
"""Packs a model: fewer operators, nothing unused, the same bytes out. What it did is checked before anyone sees the file."""

from __future__ import annotations

from dataclasses import dataclass

from motet.models import running
from motet.models.children import GRAPH, ask
from motet.models.inspection import ModelError
from motet.models.running import Engine

# Runs on random inputs that original and packed model must agree on.
CHECK_RUNS = 4


@dataclass(frozen=True)
class Packed:
    """A packed model.

    ``rules``: how often each rewriting applied. ``arena``: bytes on this machine, before and after; None where the device engine
    does not take the model. ``checked``: engines on which both models gave the same bytes. ``unplanned``: why the file has no
    plan, None when it has one.
    """

    data: bytes
    original_bytes: int
    operators: tuple[int, int]
    rules: dict[str, int]
    arena: tuple[int | None, int | None]
    checked: tuple[str, ...]
    unplanned: str | None

    @property
    def saved_bytes(self) -> int:
        return self.original_bytes - len(self.data)


def pack(data: bytes, what: str, plan: bool = True) -> Packed:
    """Rewrites a model and plans its memory.

    Raises ModelError when it cannot be edited or, which would be a fault of ours, its results change.
    """
    answer = ask(GRAPH, {"work": "pack", "model": data, "plan": plan}, what)
    packed: bytes = answer["data"]
    before, after = _arena(data), _arena(packed)
    if before is not None and after is None:
        running.ports(packed, f"{what}: packed")  # says why
    checked = _check(data, packed, ("wheel",) if after is None else ("wheel", "native"), what)
    operators = (answer["operators"][0], answer["operators"][1])
    return Packed(packed, len(data), operators, answer["rules"], (before, after), checked, answer["unplanned"])


def _arena(data: bytes) -> int | None:
    try:
        return running.ports(data, "model").arena_bytes
    except ModelError:
        return None


def _check(data: bytes, packed: bytes, engines: tuple[Engine, ...], what: str) -> tuple[str, ...]:
    """The wheel runs the original; each of ``engines`` must make the same bytes of the packed one."""
    runs = running.random_inputs(running.wheel_inputs(data, what), CHECK_RUNS)
    original = running.run(data, runs, "wheel", what)
    for engine in engines:
        result = running.run(packed, runs, engine, f"{what}: packed")
        if result.outputs != original.outputs:
            raise ModelError(f"{what}: packing changes its results on {engine}, so nothing was written; please report this model")
    return engines
