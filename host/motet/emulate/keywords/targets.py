# SPDX-License-Identifier: Apache-2.0
"""What the suites of renode/ must be told about a board."""

from __future__ import annotations

from pathlib import Path

from motet import boards
from motet.emulate.keywords import platforms
from motet.paths import data

# Kinds of emulators that run an image with a UART; a board that is a process of this machine has neither.
_KINDS = ("qemu", "rp2040js", "unicorn")


def suites() -> list[Path]:
    """The suites of Motet itself."""
    return sorted((data("renode") / "suites").glob("*.robot"))


def emulated() -> list[str]:
    """Names of the boards that can run suites without hardware."""
    loaded = [boards.load(name) for name in boards.names()]
    return [board.name for board in loaded if board.emulate is not None and board.emulate.kind in _KINDS]


def in_renode() -> list[str]:
    """Names of the boards that Renode has a description of."""
    return sorted(path.stem for path in (data("renode") / "boards").glob("*.resc"))


def variables(board: boards.Board) -> dict[str, str]:
    """Robot variables for one board: SCRIPT, LINK and TEXT (Monitor names of its UARTs), ARCH, EMULATED_BY, FLASH."""
    script = data("renode") / "boards" / f"{board.name}.resc"
    names = {0: "sysbus.link", board.links.link: "sysbus.link", board.links.console: "sysbus.console"}
    if script.is_file():
        platform = platforms.load(data("renode") / "platforms" / f"{board.name}.repl")
        names = {number: name for name, number in platform.uarts.items()}
    else:
        script = data("renode") / "motet.resc"
    text = board.links.link if board.links.console is None else board.links.console
    return {
        "BOARD": board.name,
        "SCRIPT": str(script),
        "LINK": names[board.links.link],
        "TEXT": names[text],
        "ARCH": "arm" if board.arch.startswith("arm") else "rv",
        "EMULATED_BY": board.emulate.kind if board.emulate is not None else "nothing",
        "FLASH": board.flash.driver if board.flash is not None else "none",
    }
