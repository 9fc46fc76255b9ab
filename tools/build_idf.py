# SPDX-License-Identifier: Apache-2.0
"""Builds a board of [build] kind "idf": MicroPython's own esp32 port with Motet's modules. Needs Espressif's ESP-IDF.

No machine of this repository has ESP-IDF, so no test has seen this build succeed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from build_steps import BUILD, LOGS, ROOT, BuildError, locked, need, run_logged, say

if TYPE_CHECKING:
    from motet.boards import Board

# What MicroPython's port takes from its submodules and the package that tools/fetch.py brings lacks.
SUBMODULE = "lib/micropython-lib/README.md"


def check_tools(board: Board) -> Path:
    """The MicroPython tree to build in. Raises BuildError that names everything that is missing."""
    readme = f"see {board.folder / 'README.md'}"
    idf, tree = os.environ.get("IDF_PATH"), os.environ.get("MICROPYTHON_DIR")
    if not idf:
        raise BuildError(f"{board.name} is built with Espressif's ESP-IDF, and IDF_PATH is not set; {readme}")
    if not (Path(idf) / "tools/idf.py").is_file():
        raise BuildError(f"IDF_PATH = {idf} is no ESP-IDF: it has no tools/idf.py; {readme}")
    if not shutil.which("idf.py"):
        raise BuildError(f"idf.py is not on PATH: run . {idf}/export.sh first")
    if not tree or not (Path(tree) / SUBMODULE).is_file():
        raise BuildError(f"MICROPYTHON_DIR must name a MicroPython source tree with its submodules; {readme}")
    return Path(tree).resolve()


def build(board: Board, main: Path | None) -> dict[str, object]:
    """Build one board's image. Raises BuildError, also for another main module than the board's."""
    from motet.boards import IdfBuild

    assert isinstance(board.build, IdfBuild)
    if main:
        raise BuildError(f"{board.name}: its main.py stands in its manifest and cannot be another")
    tree = check_tools(board)
    need("make", "make")
    folder = BUILD / "firmware" / board.name
    with locked(folder):
        say(f"{folder.name}: compiling, some minutes")
        command = ["make", "-j2", "-C", str(tree / "ports/esp32"), f"BOARD={board.build.board}", f"BUILD={folder}"]
        command += [f"USER_C_MODULES={ROOT / 'firmware/modules/motet_native/micropython.cmake'}"]
        command += [f"FROZEN_MANIFEST={board.folder / 'manifest.py'}"]
        run_logged(LOGS / f"firmware-{folder.name}.log", command)
    return {"board": board.name, "elf": str(folder / "micropython.elf"), "bin": str(folder / "firmware.bin")}
