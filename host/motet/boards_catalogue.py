# SPDX-License-Identifier: Apache-2.0
"""What `motet boards` tells of a board, and the copy of a board from which a new one is made."""

import re
import shutil
from pathlib import Path
from typing import Any

from motet import boards
from motet.boards import Board, BoardError, Process, Qemu

# Where tests of this repository can have run on a board, in the order in which it is told.
_PLACES = {
    "qemu": "emulated on QEMU",
    "renode": "emulated on Renode",
    "rp2040js": "emulated on rp2040js",
    "unicorn": "emulated on unicorn",
    "native": "run as a process on x86-64",
}
_EMULATORS = {"rp2040js": "rp2040js under Node", "unicorn": "unicorn with Motet's peripherals"}
# What a new board does not inherit: figures that another board was measured at.
_MEASURED = re.compile(r"^\[(expect|kernels)\]\n(?:(?!\[).*\n?)*", re.MULTILINE)


def describe(board: Board) -> dict[str, Any]:
    """One board as JSON values; sizes in bytes, None where there is nothing to tell."""
    memory, links = board.memory, board.links
    return {
        "name": board.name,
        "title": board.title,
        "mcu": board.mcu,
        "arch": board.arch,
        "features": sorted(board.features),
        "flash": memory.flash if memory else None,
        "ram": memory.ram if memory else None,
        "limits": board.budget.model_dump(exclude_none=True) if board.budget else None,
        "uarts": {"link": links.link, "console": links.console},
        "store": board.flash.driver if board.flash else None,
        "emulated": emulated(board),
        "flashed": flashed(board),
        "verified": [place for place in _PLACES if place in board.verified],
        "silicon": "silicon" in board.verified,
        "verification": verification(board),
    }


def emulated(board: Board) -> str | None:
    """How the board is emulated, in words."""
    recipe = board.emulate
    if isinstance(recipe, Qemu):
        machine = recipe.arguments[recipe.arguments.index("-M") + 1] if "-M" in recipe.arguments[:-1] else recipe.program
        return f"QEMU {machine}"
    if isinstance(recipe, Process):
        return "not emulated: a process"
    return _EMULATORS[recipe.kind] if recipe else None


def flashed(board: Board) -> str | None:
    """How a real part is flashed, in words."""
    flashing = board.flashing
    return None if flashing.method == "none" else ", ".join((flashing.method, *flashing.alternatives))


def verification(board: Board) -> str:
    """How far the board is verified. Nothing is claimed that this repository's tests did not run."""
    places = [text for place, text in _PLACES.items() if place in board.verified]
    if "silicon" in board.verified:
        return "; ".join([*places, "run on silicon"])
    if "native" in board.verified:
        return "; ".join([*places, "other processors: not yet"])
    return "; ".join([*(places or ["not verified"]), "silicon: not yet"])


def copy(like: str, name: str, folder: Path) -> Board:
    """A new board `name` in `folder`, a copy of Motet's board `like` that claims no verification and no measured figures.

    Raises BoardError when the name is none, or taken, or `like` does not exist.
    """
    source, target = boards.load(like).folder, folder / name
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name):
        raise BoardError(f"{name!r} is no name for a board: a small letter, then small letters, digits and _, 32 at most")
    if target.exists():
        raise BoardError(f"{target} is there already")
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "README*"))
    _rewrite(target / "board.toml", (r'^name = ".*"$', f'name = "{name}"'), (r"^verified = \[.*\]$", "verified = []"))
    if (target / boards.BUDGETS).is_file():
        _rewrite(target / boards.BUDGETS, (_MEASURED.pattern, ""))
    return boards.parse(target / "board.toml")


def _rewrite(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern, replacement in changes:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
