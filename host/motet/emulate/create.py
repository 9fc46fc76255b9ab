# SPDX-License-Identifier: Apache-2.0
"""Picks what runs a board."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from motet import boards
from motet.emulate.machine import EmulatorError, Machine

# [emulate] kind of board.toml -> module and class; imported when needed, so that nobody needs them all installed.
KINDS = {
    "qemu": ("motet.emulate.emulator", "Emulator"),
    "unicorn": ("motet.emulate.esp32c3_machine", "Esp32c3"),
    "rp2040js": ("motet.emulate.rp2040_machine", "Rp2040"),
    "process": ("motet.emulate.native", "NativeDevice"),
}


def create(
    board: str | boards.Board,
    *,
    firmware: Path | None = None,
    icount: bool = True,
    log: Path | None = None,
    seed: int | None = None,
    flash: Path | None = None,
    arguments: Sequence[str] = (),
) -> Machine:
    """The machine for a board, switched off. Raises BoardError, EmulatorError.

    board: a board's name or the loaded Board.
    firmware: the image; None means the one that tools/build.py makes.
    icount: count instructions where the emulator can, so that the board's time and figures repeat from run to run.
    log: file for the emulator's messages, appended to; None means a temporary one.
    seed: the word that power-on leaves in RAM; None means another random one at each start.
    flash: file that is the board's persistent flash, made when it is not there; None means a temporary one.
    arguments: more for the command line of QEMU, which must be what runs the board.
    """
    loaded = boards.load(board) if isinstance(board, str) else board
    if loaded.emulate is None:
        raise EmulatorError(f"{loaded.name}: board.toml has no [emulate]: this board cannot be emulated")
    module, name = KINDS[loaded.emulate.kind]
    maker = getattr(import_module(module), name)
    more = {"arguments": arguments} if arguments else {}
    if arguments and loaded.emulate.kind != "qemu":
        raise EmulatorError(f"{loaded.name} is not emulated by QEMU, which alone takes more arguments")
    return cast(Machine, maker(loaded, firmware=firmware, icount=icount, log=log, seed=seed, flash=flash, **more))
