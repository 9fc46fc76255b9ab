# SPDX-License-Identifier: Apache-2.0
"""What the suite talks to: a gateway over HTTP, a broker, a bridge, and the fixture in the device core of this machine or in
the firmware of an emulated board; or an edge node that answers by itself, behind a thin HTTP relay."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from conformance import lines
from conformance.relay import Relay, serving
from motet.bridge import Bridge
from motet.bus import Bus, broker
from motet.cli.stack import online
from motet.emulate import create
from motet.fleet import Fleet
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.server import listening
from motet.observe import Metrics

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "firmware/conformance"
BOARD = "virt_rv32"
FIRMWARE = ROOT / "build/firmware" / f"{BOARD}-conformance" / "firmware.elf"
REALM, DEVICE = "conformance", "fixture"
EDGE = ROOT / "build/edge/motet-edge"
ONLINE_S = 120.0


@contextlib.contextmanager
def core() -> Iterator[str]:
    """The fixture on CPython, as a process of its own; the URL of its serial line."""
    command = [sys.executable, "serve.py", DEVICE]
    with subprocess.Popen(command, cwd=FIXTURE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        try:
            yield f"socket://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()


@contextlib.contextmanager
def firmware() -> Iterator[str]:
    """The fixture in the firmware of an emulated board; the URL of its serial line."""
    with create(BOARD, firmware=FIRMWARE) as machine:
        yield machine.url


@contextlib.asynccontextmanager
async def gateway(line: str, **settings: object) -> AsyncIterator[str]:
    """A gateway in front of the device at a serial line; the MCP URL of its view of this device."""
    async with contextlib.AsyncExitStack() as parts:
        engine = parts.enter_context(broker.start())
        bridge = asyncio.create_task(Bridge(line, engine.url, REALM, id=DEVICE).run())
        parts.push_async_callback(_end, bridge)
        bus = await Bus.connect(engine.url, "conformance")
        parts.push_async_callback(bus.close)
        fleet = Fleet(bus, REALM)
        await fleet.start()
        parts.push_async_callback(fleet.close)
        options = Options(**{"port": 0, "version": "conformance", **settings})  # type: ignore[arg-type]
        url = await parts.enter_async_context(listening(GatewayApp(fleet, Metrics(), options), options))
        await online(fleet, DEVICE, ONLINE_S)
        await _offered(fleet)
        yield f"{url}/device:{DEVICE}"


@contextlib.asynccontextmanager
async def edge(binary: Path = EDGE) -> AsyncIterator[str]:
    """The fixture in an edge node that speaks MCP on standard input and output; the MCP URL of the relay before it."""
    async with lines.running([binary, FIXTURE / "node.py", "--stdio"]) as node, serving(Relay(node)) as url:
        yield url


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))


async def _offered(fleet: Fleet) -> None:
    known = asyncio.Event()
    forget = fleet.add_listener(lambda _: known.set())
    try:
        async with asyncio.timeout(ONLINE_S):
            while not (device := fleet.get(DEVICE)) or not device.offers.prompts:
                known.clear()
                await known.wait()
    finally:
        forget()
