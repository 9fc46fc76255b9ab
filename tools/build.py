#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build what runs on devices: firmware images, the edge node, and the cross compiler both need.

    tools/build.py firmware BOARD [--json] [--main FOLDER] [--boards FOLDER]
    tools/build.py edge [--no-tls]
    tools/build.py mpy-cross

Nothing is built twice. Compiler output goes to build/logs/; a failure prints its end.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from motet.boards import Board

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "tools")]

import build_edge  # noqa: E402
from build_steps import BuildError, mpy_cross  # noqa: E402

# [build] kind of board.toml -> module with build(board, main) -> {"board": name, "elf": path, ...sizes}.
KINDS = {"port": "build_port", "rp2": "build_rp2", "idf": "build_idf"}


def load_board(name: str, folder: Path | None) -> Board:
    try:
        from motet import boards
    except ImportError as error:
        raise BuildError(f"{error.name} is missing; run: make setup, then use .venv/bin/python tools/build.py") from error
    try:
        return boards.load(name, folder)
    except boards.BoardError as error:
        raise BuildError(str(error)) from error


def firmware(name: str, main: Path | None = None, folder: Path | None = None) -> dict[str, object]:
    """Build one board's image. `main`: folder of another main.py (benches, tests); `folder`: other boards than Motet's."""
    board = load_board(name, folder)
    if board.build.kind not in KINDS:
        raise BuildError(f"{name}: there is nothing to build; see {board.folder / 'README.md'}")
    result: dict[str, object] = import_module(KINDS[board.build.kind]).build(board, main)
    return result


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("firmware", help="the image of one board")
    one.add_argument("board")
    one.add_argument("--main", type=Path, help="folder whose main.py is frozen instead of the product's")
    one.add_argument("--boards", type=Path, help="folder of other boards than Motet's")
    edge = commands.add_parser("edge", help="the edge node for this machine")
    edge.add_argument("--no-tls", action="store_true", help="without TLS: smaller, and mqtts:// is refused")
    commands.add_parser("mpy-cross", help="the byte code compiler")
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print the result as one JSON object")
    return parser.parse_args()


def fail(message: str) -> NoReturn:
    print(f"build: {message}", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    arguments = parse_arguments()
    try:
        if arguments.what == "firmware":
            result = firmware(arguments.board, arguments.main, arguments.boards)
        else:
            result = build_edge.build(not arguments.no_tls) if arguments.what == "edge" else {"mpy_cross": mpy_cross()}
    except BuildError as error:
        fail(str(error))
    if arguments.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
