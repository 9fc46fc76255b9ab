# SPDX-License-Identifier: Apache-2.0
"""The whole way with an emulated board: MCP over HTTP, gateway, fleet, broker, bridge, a line that can be damaged, QEMU."""

from __future__ import annotations

import asyncio
import contextlib

from mcp import Client
from tests.support.brokers import crashable
from tests.support.noisy import NoisyRelay

from motet.bridge import Bridge
from motet.bus import Bus
from motet.cli.stack import online
from motet.components.install import install
from motet.components.packages import accept, read
from motet.emulate import Emulator
from motet.fleet import Fleet
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.server import listening
from motet.observe import Metrics
from motet.paths import data

BOARD, DEVICE = "stm32f405", "board"
ONLINE_S = 30.0


class World:
    """Parts of a running system; `url` is its MCP endpoint."""

    def __init__(self, emulator, engine, relay, fleet, url):
        self.emulator, self.broker, self.relay, self.fleet, self.url = emulator, engine, relay, fleet, url

    @contextlib.asynccontextmanager
    async def client(self):
        async with Client(self.url) as client:
            yield client

    async def equip(self):
        """Install the example model and component."""
        for path in (data("models") / "digits" / "digits.tflite", data("examples") / "vote"):
            artifact = await asyncio.to_thread(lambda path=path: accept(read(path)))
            await install(self.fleet, DEVICE, artifact)

    async def arrived(self):
        """Return once the board is online with its tools."""
        await online(self.fleet, DEVICE, ONLINE_S)


@contextlib.asynccontextmanager
async def world(faults=None, call_timeout_s=30.0, machine=None):
    """A World whose board (default: an emulated BOARD) is online; `faults` damage its line from the start."""
    async with contextlib.AsyncExitStack() as parts:
        engine = parts.enter_context(crashable("mosquitto"))
        emulator = parts.enter_context(machine or Emulator(BOARD))
        relay = await parts.enter_async_context(NoisyRelay(emulator.port, faults))
        await parts.enter_async_context(bridged(relay.port, engine.url))
        bus = await Bus.connect(engine.url, "gateway")
        parts.push_async_callback(bus.close)
        fleet = Fleet(bus, "test")
        await fleet.start()
        parts.push_async_callback(fleet.close)
        options = Options(port=0, call_timeout_s=call_timeout_s)
        url = await parts.enter_async_context(listening(GatewayApp(fleet, Metrics(), options), options))
        running = World(emulator, engine, relay, fleet, url)
        await running.arrived()
        yield running


@contextlib.asynccontextmanager
async def bridged(port, broker_url, device=DEVICE):
    """A bridge of the serial line at `port`; yields its task, which ends early only when the bridge gives up."""
    task = asyncio.create_task(Bridge(f"socket://127.0.0.1:{port}", broker_url, "test", id=device).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
