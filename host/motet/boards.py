# SPDX-License-Identifier: Apache-2.0
"""Boards as data: finds and reads ``boards/<board>/board.toml`` with the ``budgets.toml`` beside it.

Everything board specific that is not in the board's linker script or its ``soc_*.c`` stands in these files; the firmware
build, the emulators, flashing and the checks of memory all read it here. The schema is in motet.boards_schema.
"""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from motet.boards_schema import Board, CpythonBuild, IdfBuild, PortBuild, Process, Qemu, Rp2Build, Rp2040js, Unicorn
from motet.paths import data

__all__ = [
    "Board",
    "BoardError",
    "CpythonBuild",
    "IdfBuild",
    "PortBuild",
    "Process",
    "Qemu",
    "Rp2Build",
    "Rp2040js",
    "Unicorn",
    "load",
    "names",
    "parse",
]

BUDGETS = "budgets.toml"


class BoardError(ValueError):
    """A board is unknown or one of its files is wrong; the message names file and key."""


def names(folder: Path | None = None) -> list[str]:
    """Names of all boards, sorted."""
    return sorted(path.parent.name for path in (folder or data("boards")).glob("*/board.toml"))


def load(name: str, folder: Path | None = None) -> Board:
    """The board called `name` in `folder` (default: Motet's boards). Raises BoardError."""
    folder = folder or data("boards")
    path = folder / name / "board.toml"
    if not path.is_file():
        raise BoardError(f"no board is called {name!r}; there are: {', '.join(names(folder)) or 'none'}")
    return parse(path)


def parse(path: Path) -> Board:
    """Read and check one board.toml. Raises BoardError with the file and every wrong key."""
    content, budgets = _read(path), path.parent / BUDGETS
    for key in ("folder", "budgets"):
        if key in content:
            raise BoardError(f"{path}: {key}: Extra inputs are not permitted")
    content |= {"budgets": _read(budgets)} if budgets.is_file() else {}
    try:
        board = Board.model_validate({**content, "folder": path.parent})
    except ValidationError as error:
        raise BoardError("; ".join(_describe(path, item["loc"], item["msg"]) for item in error.errors())) from error
    if board.name != path.parent.name:
        raise BoardError(f"{path}: name: {board.name!r} is not the name of its folder, {path.parent.name!r}")
    return board


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BoardError(f"{path}: not TOML: {error}") from error


def _describe(path: Path, keys: tuple[int | str, ...], message: str) -> str:
    if keys[:1] == ("budgets",):
        path, keys = path.parent / BUDGETS, keys[1:]
    elif keys[:1] in (("build",), ("emulate",)):
        # After them comes the kind, which is no key.
        keys = (keys[0], *keys[2:])
    where = ".".join(str(key) for key in keys)
    return f"{path}: {where}: {message}" if where else f"{path}: {message}"
