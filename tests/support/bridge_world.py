# SPDX-License-Identifier: Apache-2.0
"""A broker, a fleet behind it and bridges in front, for tests of serial devices."""

import asyncio
import contextlib

from tests.support.brokers import crashable
from tests.support.core_device import Scripted
from tests.support.waiting import until

from motet.bridge import Bridge
from motet.bus import Bus
from motet.fleet import Fleet
from motet.wire import Presence, Topics, packed
from motet_core.port import PRESENCE

REALM = "test"
TOPICS = Topics(REALM)


class Inbox(list):
    def __call__(self, topic, payload):
        self.append((topic, payload))


class World:
    """A broker, a fleet behind it, bridges on demand."""

    def __init__(self, broker, stack, bus, fleet):
        self.broker, self.stack, self.bus, self.fleet, self.events = broker, stack, bus, fleet, []
        fleet.add_listener(lambda event: self.events.append((event.kind, event.device.id)))

    def bridge(self, url, device_id=None, broker_url=None, **settings):
        bridge = Bridge(url, broker_url or self.broker.url, REALM, device_id, **settings)
        bridge.task = asyncio.create_task(bridge.run())
        self.stack.push_async_callback(self.stop, bridge)
        return bridge

    async def stop(self, bridge):
        bridge.task.cancel()
        await asyncio.gather(bridge.task, return_exceptions=True)

    async def happens(self, kind, device="dev"):
        """Wait for an event; it and those before it are looked at."""
        await until(lambda: (kind, device) in self.events, f"{kind} of {device}", 20)
        del self.events[: self.events.index((kind, device)) + 1]

    async def vitals(self, device="dev"):
        return (await self.fleet.call_tool(device, "vitals.read", {}, 20))["structuredContent"]


@contextlib.asynccontextmanager
async def bridge_world():
    """A World that is closed at the end."""
    with crashable() as broker:
        async with contextlib.AsyncExitStack() as stack:
            bus = await Bus.connect(broker.url, "gateway-test")
            stack.push_async_callback(bus.close)
            fleet = Fleet(bus, REALM)
            made = World(broker, stack, bus, fleet)
            await fleet.start()
            stack.push_async_callback(fleet.close)
            yield made


def presence(**changes):
    fields = {
        "id": "dev", "state": 1, "nonce": b"AAAAAAAA", "sequence": 1, "dictionary": 1, "limit": 512, "max_total": 4096,
        "catalogue": b"h" * 16, "firmware": "odd 1", "board": "odd", "reset_reason": None,
    }  # fmt: skip
    return Presence(**{**fields, **changes}).encode()


@contextlib.asynccontextmanager
async def odd_device(world):
    """A device that is online and then says whatever a test wants."""
    async with Scripted().serving() as device:
        bridge = world.bridge(device.url)
        await device.received.get()
        await device.send(PRESENCE, presence())
        await world.happens("arrived")
        device.bridge = bridge
        yield device


async def next_request(device):
    """The next message to the device that is no hello."""
    while True:
        channel, data = await asyncio.wait_for(device.received.get(), 10)
        if channel == 1:
            return packed.loads(data)
