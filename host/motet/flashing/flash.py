# SPDX-License-Identifier: Apache-2.0
"""Flashing a board: choose the method, check the image, check the part, write, verify."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from motet.boards import Board
from motet.boards_flashing import Flashing
from motet.flashing import image
from motet.flashing.errors import FlashError, Reason
from motet.flashing.esptool import Esptool
from motet.flashing.method import Job, Method, Report
from motet.flashing.stm32 import Dfu, StFlash
from motet.flashing.uf2 import Uf2

METHODS: dict[str, Method] = {"esptool": Esptool(), "uf2": Uf2(), "st-flash": StFlash(), "dfu": Dfu()}


@dataclass(frozen=True)
class Options:
    """How to flash; None stands for what the board and this machine suggest.

    `force` writes what is there already and an image that names no board; another board's image is refused all the same.
    """

    port: str | None = None
    image: Path | None = None
    method: str | None = None
    baud: int | None = None
    force: bool = False


_DEFAULT = Options()


@dataclass(frozen=True)
class Plan:
    """What `flash` would do: the commands and copies, in order."""

    board: str
    method: str
    port: str
    image: Path
    size: int
    sha256: str
    commands: list[str]


@dataclass(frozen=True)
class Done:
    """What `flash` did. `written` is False when the flash held the image already."""

    board: str
    method: str
    port: str
    image: Path
    size: int
    sha256: str
    written: bool
    checked: str


def plan(board: Board, options: Options = _DEFAULT) -> Plan:
    """Everything short of writing: image and port are checked. Raises FlashError."""
    chosen, job = _prepare(board, options)
    where, commands = METHODS[chosen].plan(job)
    return Plan(board.name, chosen, where, job.image.path, len(job.image.content), job.image.sha256, commands)


def flash(board: Board, report: Report, options: Options = _DEFAULT) -> Done:
    """Put the image into `board` and verify it, telling `report` each step. Raises FlashError."""
    chosen, job = _prepare(board, options)
    done = METHODS[chosen].flash(job, report)
    facts = (job.image.path, len(job.image.content), job.image.sha256)
    return Done(board.name, chosen, done.port, *facts, done.written, done.checked)


def _prepare(board: Board, options: Options) -> tuple[str, Job]:
    flashing, name = board.flashing, board.name
    if flashing is None or flashing.method == "none":
        raise FlashError(
            Reason.BOARD, f"{name} exists only emulated: there is nothing to flash; run it with: motet emulate {name}"
        )
    chosen = _method(name, flashing, options.method)
    found = image.load(board, flashing, options.image, METHODS[chosen].suffix, options.force)
    return chosen, Job(board, flashing, found, options.port, options.baud, options.force)


def _method(name: str, flashing: Flashing, asked: str | None) -> str:
    known = [flashing.method, *flashing.alternatives]
    if asked is not None and asked not in known:
        raise FlashError(Reason.BOARD, f"{name} is not flashed by {asked!r}; its methods are: {', '.join(known)}")
    return asked or flashing.method
