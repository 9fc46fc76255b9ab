# SPDX-License-Identifier: Apache-2.0
"""Commands that run the whole system: up, demo, mcp."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer

from motet.boards import names
from motet.cli import demo as demonstration
from motet.cli import quickstart as beginning
from motet.cli.console import Exit, FatalError, emit_json, say, show, stdout
from motet.cli.keeping import local_key
from motet.cli.options import ConfigFile, Json, View, configuration, log_as, reporting
from motet.cli.stack import online, stack, stdio
from motet.config import Config, Emulated
from motet.gateway.server import AddressInUse, bind, run
from motet.observe import redact, setup_logging

BOARD = "stm32f405"
BOOT_S = 30.0


@reporting
def up(
    config: ConfigFile = None,
    emulate: Annotated[list[str] | None, typer.Option("--emulate", metavar="BOARD", help="Also emulate this board.")] = None,
    quickstart: Annotated[
        bool, typer.Option("--quickstart", help=f"Emulate {BOARD} and show a model and a component at work on it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start broker, bridges and gateway, and serve until Ctrl-C."""
    settings = configuration(config)
    log_as(settings, as_json)
    boards = list(emulate or [])
    if quickstart:
        boards = boards or ([] if settings.emulate else [BOARD])
        settings = _beside_others(settings)
    run(_up(_with(settings, boards), quickstart, as_json))


def _with(settings: Config, boards: list[str]) -> Config:
    """`settings` with further emulated boards, each called like its board. Raises FatalError when that cannot be."""
    for board in [*(one.board for one in settings.emulate), *boards]:
        if board not in names():
            raise FatalError(f"no board is called {board!r}; there are: {', '.join(names())}", Exit.USAGE)
    emulated = [*settings.emulate, *(Emulated(board=board, id=board) for board in boards)]
    together = settings.model_copy(update={"emulate": emulated})
    for _key, problem in together.conflicts():
        raise FatalError(problem, Exit.USAGE)
    return together


def _beside_others(settings: Config) -> Config:
    """`settings` with any free port when nobody chose one and the default is taken, by another checkout's system, say."""
    gateway = settings.gateway
    if "port" in gateway.model_fields_set:
        return settings
    try:
        bind(gateway.host, gateway.port).close()
    except AddressInUse:
        say(f"port {gateway.port} is in use by another program: taking a free one")
        return settings.model_copy(update={"gateway": gateway.model_copy(update={"port": 0})})
    return settings


async def _up(settings: Config, quickstart: bool, as_json: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with stack(settings, say) as running:
        if quickstart:
            device = settings.emulate[0].id
            await online(running.fleet, device, BOOT_S)
            await beginning.equip(running.url, device, local_key(settings), say)
            await beginning.first_calls(running.url, device, say)
        if as_json:
            emit_json({"url": running.url, "broker": redact(running.broker_url)})
        else:
            show(f"MCP endpoint: {running.url}   (Ctrl-C stops everything)")
        await stop.wait()
        say("stopping")


@reporting
def demo(
    images: Annotated[int, typer.Option(min=1, max=500, help="Unseen digits to classify.")] = 100,
    board: Annotated[str, typer.Option(help="Board to emulate.")] = BOARD,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Boot an emulated board, install a model and a component, and classify digits it never saw; then exit."""
    setup_logging("warning")
    # Its own broker, on free ports: a demo never meets a system that runs already.
    settings = configuration(config)
    gateway = settings.gateway.model_copy(update={"host": "127.0.0.1", "port": 0})
    alone = settings.model_copy(
        update={"gateway": gateway, "serial": [], "emulate": [], "broker": settings.broker.model_copy(update={"url": ""})}
    )
    figures = run(_demo(_with(alone, [board]), images))
    if as_json:
        emit_json(figures)
    else:
        stdout.print_json(data=figures)


async def _demo(settings: Config, images: int) -> dict[str, object]:
    device = settings.emulate[0].id
    async with stack(settings, say, announce=False) as running:
        await online(running.fleet, device, BOOT_S)
        await beginning.equip(running.url, device, local_key(settings), say)
        return await demonstration.run(running, device, settings.realm, images, say)


@reporting
def mcp(config: ConfigFile = None, view: View = "") -> None:
    """Serve one MCP client on standard input and output, for clients that start their servers."""
    settings = configuration(config)
    log_as(settings)
    run(stdio(settings, view))


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (up, demo, mcp):
        app.command()(command)
