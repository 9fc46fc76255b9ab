# SPDX-License-Identifier: Apache-2.0
"""`motet flash`: put the firmware into a real board."""

from __future__ import annotations

import signal
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn

from motet import flashing
from motet.boards import Board, BoardError, load
from motet.cli.console import Exit, FatalError, emit, plain, say, show, stderr
from motet.cli.options import Json, reporting
from motet.flashing import FlashError, Reason, Step

_CODES = {Reason.BOARD: Exit.USAGE, Reason.IMAGE: Exit.USAGE, Reason.PORT: Exit.UNREACHABLE, Reason.SILENT: Exit.UNREACHABLE}


@reporting
def flash(
    board: Annotated[str, typer.Argument(help="Board to flash, e.g. esp32c3.")],
    port: Annotated[
        str | None,
        typer.Option(help="Serial port, boot drive, or serial number of the probe (default: found by what is plugged in)."),
    ] = None,
    image: Annotated[Path | None, typer.Option(help="Image: .bin, .elf or .uf2 (default: the one that was built).")] = None,
    method: Annotated[str | None, typer.Option(help="Another of the board's methods, e.g. dfu.")] = None,
    baud: Annotated[int | None, typer.Option(min=9600, help="Bits per second of a serial port.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write what is there already, and an image that names no board.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check image and port, print the commands, write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Check the chip, write the firmware, verify it. Flashing again what is there already writes nothing.

    Exit codes: 0 flashed or already there, 1 failed, 2 wrong board or image, 3 no board at the port.
    """
    # However it is asked to end, the program that writes ends first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = flashing.Options(port, image, method, baud, force)
    try:
        found = load(board)
        if dry_run:
            planned = flashing.plan(found, options)
            emit(_json(planned), as_json, lambda: show("\n".join(planned.commands)))
            return
        done = _flash(as_json, found, options)
    except BoardError as error:
        raise FatalError(str(error), Exit.USAGE) from error
    except FlashError as error:
        raise FatalError(str(error), _CODES.get(error.reason, Exit.FAILED)) from error
    what = (
        f"{done.size:,} bytes written" if done.written else f"nothing to write, the flash holds these {done.size:,} bytes already"
    )
    emit(_json(done), as_json, lambda: show(f"{done.board} at {done.port}: {what}; verified: {done.checked}"))


def _flash(quiet: bool, board: Board, options: flashing.Options) -> flashing.Done:
    if quiet or not stderr.is_terminal:
        told: list[str] = []

        def tell(step: Step) -> None:
            if not quiet and told[-1:] != [step.text]:
                told.append(step.text)
                say(step.text)

        return flashing.flash(board, tell, options)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def draw(step: Step) -> None:
            bar.update(
                task, description=plain(step.text), total=None if step.fraction is None else 1.0, completed=step.fraction or 0
            )

        return flashing.flash(board, draw, options)


def _json(value: flashing.Plan | flashing.Done) -> dict[str, Any]:
    return {key: str(item) if isinstance(item, Path) else item for key, item in asdict(value).items()}


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(flash)
