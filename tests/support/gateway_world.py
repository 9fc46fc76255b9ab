# SPDX-License-Identifier: Apache-2.0
"""Broker, gateway over real HTTP, simulated devices."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from mcp.shared.exceptions import MCPError
from tests.support.memory_fleet import serving
from tests.support.sim_device import SimDevice
from tests.support.waiting import until

from motet.bus import Bus, broker
from motet.fleet import Fleet

REALM = "test"


class World:
    """One broker, one gateway, devices on demand."""

    def __init__(self, engine, fleet, url):
        self.broker, self.fleet, self.url = engine, fleet, url
        self.devices = []

    async def device(self, device_id="pump", **settings):
        """A device whose tools the gateway knows."""
        device = await SimDevice(self.broker.url, REALM, device_id, **settings).start()
        self.devices.append(device)
        await until(lambda: (known := self.fleet.get(device_id)) is not None and known.online and known.tools)
        return device


@contextlib.asynccontextmanager
async def world(**settings):
    with broker.start() as engine:
        async with contextlib.AsyncExitStack() as stack:
            bus = await Bus.connect(engine.url, "gateway-test")
            stack.push_async_callback(bus.close)
            fleet = Fleet(bus, REALM)
            await fleet.start()
            stack.push_async_callback(fleet.close)
            url, _ = await stack.enter_async_context(serving(fleet, **settings))
            made = World(engine, fleet, url)
            yield made
            await asyncio.gather(*(device.bus.close() for device in made.devices))


def silent(_name, _arguments):
    return None


def withdrawn(device):
    """The ids of requests that the device was told to give up."""
    return [m["params"]["requestId"] for m in device.requests if m["method"] == "notifications/cancelled"]


def called(device):
    return [message for message in device.requests if message["method"] == "tools/call"]


async def error_of(call):
    with pytest.raises(MCPError) as caught:
        await call
    return caught.value.error
