# SPDX-License-Identifier: Apache-2.0
"""A broker, a fleet and simulated devices, for tests of calls."""

import asyncio
import contextlib

from tests.support.brokers import crashable
from tests.support.sim_device import SimDevice
from tests.support.waiting import until

from motet.bus import Bus
from motet.fleet import Fleet

REALM = "test"
TEXT = {"text": "hello"}


class World:
    """A broker, a fleet, simulated devices."""

    def __init__(self, broker, stack):
        self.broker, self._stack, self.events = broker, stack, []

    async def open_fleet(self, **settings):
        bus = await Bus.connect(self.broker.url, "gateway-test")
        self._stack.push_async_callback(bus.close)
        self.bus, self.fleet = bus, Fleet(bus, REALM, call_timeout_s=20, **settings)
        self.fleet.add_listener(lambda event: self.events.append((event.kind, event.device.id)))
        await self.fleet.start()
        self._stack.push_async_callback(self.fleet.close)

    async def device(self, device_id="dev", **settings):
        device = await SimDevice(self.broker.url, REALM, device_id, **settings).start()
        self._stack.push_async_callback(device.bus.close)
        await until(lambda: ("tools", device_id) in self.events, f"tools of {device_id}")
        return device

    def call(self, device="dev", **more):
        return asyncio.create_task(self.fleet.call_tool(device, "sim.echo", TEXT, **more))

    def count(self, name):
        return self.fleet.counters().get(name, 0)


@contextlib.asynccontextmanager
async def fleet_world():
    """A World that is closed at the end."""
    with crashable() as broker:
        async with contextlib.AsyncExitStack() as stack:
            made = World(broker, stack)
            await made.open_fleet()
            yield made


def silent(_name, _arguments):
    return None


def calls_of(device):
    return [message for message in device.requests if message["method"] == "tools/call"]


def withdrawn(device):
    return [m["params"]["requestId"] for m in device.requests if m["method"] == "notifications/cancelled"]


async def asked(device, count=1):
    """The requests of tools/call, as soon as there are `count`."""
    await until(lambda: len(calls_of(device)) >= count, "the request")
    return calls_of(device)


def answer(request, result=None):
    return {"jsonrpc": "2.0", "id": request["id"], "result": result or {"ok": True}}
