# SPDX-License-Identifier: Apache-2.0
"""`motet boards`: the boards Motet runs on, and a folder to start another one from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from motet import boards, boards_catalogue
from motet.boards import BoardError
from motet.cli.console import Exit, FatalError, emit, show
from motet.cli.options import DryRun, Json, reporting
from motet.paths import data

app = typer.Typer(help="The boards Motet runs on; without a command, a list of them.", invoke_without_command=True)


@app.callback()
@reporting
def listing(context: typer.Context, as_json: Json = False) -> None:
    """List the boards: processor, memory, how each is emulated and flashed, how far it is verified."""
    if context.invoked_subcommand:
        return
    found = [boards_catalogue.describe(_load(name)) for name in boards.names()]
    emit(found, as_json, lambda: show("\n\n".join(_text(board) for board in found)))


def _load(name: str) -> boards.Board:
    try:
        return boards.load(name)
    except BoardError as error:
        raise FatalError(str(error)) from error


def _text(board: dict[str, Any]) -> str:
    lines = {
        "part": ", ".join([board["mcu"], *board["features"]]),
        "memory": f"{_kilobytes(board['flash'])} flash, {_kilobytes(board['ram'])} RAM" if board["flash"] else "the machine's",
        "emulated": board["emulated"] or "no",
        "flashed": board["flashed"] or "no",
        "verified": board["verification"],
    }
    return "\n".join([f"{board['name']}: {board['title']}", *(f"  {what:9} {text}" for what, text in lines.items())])


def _kilobytes(size: int) -> str:
    return f"{size // 1024} KB"


@app.command()
@reporting
def new(
    name: Annotated[str, typer.Argument(help="Name of the new board: small letters, digits and _.")],
    like: Annotated[str, typer.Option(metavar="BOARD", help="Board to copy: the one with the most similar part.")],
    folder: Annotated[Path | None, typer.Option("--in", help="Folder of boards to put it in (default: Motet's own).")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Start a new board as a copy of another; then edit its board.toml and link.ld."""
    if dry_run:
        _load(like)
        place = (folder or data("boards")) / name
        if place.exists():
            raise FatalError(f"{place} is there already", Exit.USAGE)
        emit({"name": name, "folder": str(place), "written": False}, as_json, lambda: show(f"would copy {like} to {place}"))
        return
    try:
        board = boards_catalogue.copy(like, name, folder or data("boards"))
    except (BoardError, OSError) as error:
        raise FatalError(str(error), Exit.USAGE) from error
    elsewhere = f" --boards {folder}" if folder else ""
    build = f"tools/build.py firmware {name}{elsewhere}"
    facts = {"name": name, "folder": str(board.folder), "build": build}
    emit(facts, as_json, lambda: show(f"{board.folder}: edit board.toml and link.ld, then build with: {build}"))


def register(parent: typer.Typer) -> None:
    """Add this module's group to `parent`."""
    parent.add_typer(app, name="boards")
