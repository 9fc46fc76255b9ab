# SPDX-License-Identifier: Apache-2.0
"""Commands close to the boards: bridge a serial device to MQTT, emulate a board."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from motet.boards import BoardError, names
from motet.bridge import Bridge, IdTaken
from motet.bus import BusError
from motet.cli.console import Exit, FatalError, emit, emit_json, say, show
from motet.cli.options import ConfigFile, Json, configuration, log_as, reporting
from motet.emulate import EmulatorError, create
from motet.observe import redact

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"


@reporting
def bridge(
    urls: Annotated[
        list[str], typer.Argument(metavar="URL...", help="Serial devices: /dev/ttyUSB0, socket://host:port, rfc2217://…")
    ],
    broker: Annotated[str | None, typer.Option(help="MQTT broker (default: the configuration's, else the local one).")] = None,
    device: Annotated[str | None, typer.Option("--id", help="Id for a board that has none; for a single URL.")] = None,
    baud: Annotated[int, typer.Option(min=300, help="Bits per second of a serial port.")] = 115200,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Put serial devices on MQTT until Ctrl-C."""
    settings = configuration(config)
    log_as(settings, as_json)
    if device and len(urls) > 1:
        raise FatalError("--id names one board, but there are several URLs", Exit.USAGE)
    to = broker or settings.broker.url or DEFAULT_BROKER
    try:
        bridges = [Bridge(url, to, settings.realm, id=device, baud=baud) for url in urls]
    except ValueError as error:
        raise FatalError(str(error), Exit.USAGE) from error
    if as_json:
        emit_json({"urls": urls, "broker": redact(to), "realm": settings.realm})
    asyncio.run(_bridge(bridges))


async def _bridge(bridges: list[Bridge]) -> None:
    everything = asyncio.gather(*(one.run() for one in bridges))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, everything.cancel)
    try:
        await everything
    except asyncio.CancelledError:
        say("stopped")
    except IdTaken as error:
        raise FatalError(str(error)) from error
    except BusError as error:
        raise FatalError(str(error), Exit.UNREACHABLE) from error


@reporting
def emulate(
    board: Annotated[str, typer.Argument(help="Board to emulate; `--list` names them.")] = "",
    firmware: Annotated[Path | None, typer.Option(help="Image to run (default: the one that was built).")] = None,
    flash: Annotated[
        Path | None, typer.Option(help="File that is the board's persistent flash, made when it is not there.")
    ] = None,
    icount: Annotated[bool, typer.Option(help="Count instructions, so that the board's time repeats from run to run.")] = True,
    listing: Annotated[bool, typer.Option("--list", help="Print the names of the boards and exit.")] = False,
    as_json: Json = False,
) -> None:
    """Run a board with its UARTs on TCP ports, until Ctrl-C."""
    if listing:
        emit(names(), as_json, lambda: show("\n".join(names())))
        return
    if not board:
        raise FatalError(f"name the board to emulate; there are: {', '.join(names())}", Exit.USAGE)
    try:
        emulator = create(board, firmware=firmware, icount=icount, flash=flash)
    except (BoardError, EmulatorError) as error:
        raise FatalError(str(error), Exit.USAGE) from error
    # However it is asked to end, the emulator and its temporary files go first.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        emulator.start()
        console = f"socket://127.0.0.1:{emulator.console_port}" if emulator.console_port else None
        facts = {"board": board, "url": emulator.url, "console": console, "pid": emulator.pid}
        if as_json:
            emit_json(facts)
        else:
            beside = f", console at {console}" if console else ""
            show(f"{emulator.board.title}, emulated; UART at {emulator.url}{beside}; Ctrl-C stops it")
        try:
            emulator.wait()
        except KeyboardInterrupt:
            say("stopped")
            return
        raise FatalError(f"the emulator ended; its messages are in {emulator.log}")
    except EmulatorError as error:
        raise FatalError(str(error)) from error
    finally:
        emulator.close()


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (bridge, emulate):
        app.command()(command)
