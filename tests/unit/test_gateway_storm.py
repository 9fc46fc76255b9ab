# SPDX-License-Identifier: Apache-2.0
"""Storms: a broker restarts under many devices, they reboot together, they come and go.

Clients hear of lists that are others now, and of nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from tests.support.brokers import crashable
from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet, serving
from tests.support.sim_device import ECHO, SimDevice
from tests.support.waiting import until

from motet.bus import Bus
from motet.fleet import Fleet, Offers
from motet.gateway.front import Front
from motet.gateway.options import Options
from motet.gateway.views import FLEET, device_view
from motet.observe import Metrics

pytestmark = pytest.mark.anyio
REALM, DEVICES = "storm", 25
OTHER = {**ADD, "name": "vote.push"}


class Storm:
    """Devices behind a broker that can be killed, a gateway, and clients that listen: to the fleet, and to one device."""

    def __init__(self, broker, fleet, bus, devices):
        self.broker, self.fleet, self.bus, self.devices, self.heard = broker, fleet, bus, devices, {"fleet": 0, "one": 0}

    @property
    def shown(self):
        """How many devices have shown themselves on this connection."""
        return sum(device.online for device in self.fleet.devices()) - self.fleet.awaited

    async def listen(self, who, url, ready):
        async with Client(url) as client, client.listen(tools_list_changed=True, resources_list_changed=True) as events:
            ready.set()
            async for _ in events:
                self.heard[who] += 1

    async def restart(self):
        self.broker.kill()
        await until(lambda: not self.bus.connected, "the loss")
        self.broker.start()
        await until(lambda: self.bus.connected and self.shown == len(self.devices), "all of them", 60)


@contextlib.asynccontextmanager
async def storm():
    with crashable() as broker:
        async with contextlib.AsyncExitStack() as stack:
            bus = await Bus.connect(broker.url, "gateway-test")
            stack.push_async_callback(bus.close)
            fleet = Fleet(bus, REALM)
            await fleet.start()
            stack.push_async_callback(fleet.close)
            devices = [SimDevice(broker.url, REALM, f"d{number}") for number in range(DEVICES)]
            await asyncio.gather(*(device.start() for device in devices))
            for device in devices:
                stack.push_async_callback(device.bus.close)
            await until(lambda: len(list(fleet.tools())) == DEVICES, "their tools")
            url, app = await stack.enter_async_context(serving(fleet, list_up_to=5))
            made = Storm(broker, fleet, bus, devices)
            for who, path in (("fleet", ""), ("one", "/device:d3")):
                ready = asyncio.Event()
                task = asyncio.create_task(made.listen(who, url + path, ready))
                stack.callback(task.cancel)
                await asyncio.wait_for(ready.wait(), 20)
            yield made, app


async def test_a_broker_that_restarts_and_devices_that_boot_anew_change_no_list():
    async with storm() as (made, app):
        before = {device.id: device.nonce for device in made.fleet.devices()}
        await made.restart()
        for device in made.devices:
            device.reboot()
        await until(lambda: all(device.nonce != before[device.id] for device in made.fleet.devices()), "the new boots")
        assert len(app.front.catalogue) == DEVICES
        # The first thing that anybody hears of is a change.
        made.devices[3].tools = [ECHO, OTHER]
        made.devices[3].announce()
        await until(lambda: made.heard["one"] == 1, "the news")
        assert made.heard["fleet"] == 0, "the list of the fleet is too long to be told of, and the same three tools"


async def test_lists_are_read_once_for_all_and_again_by_nobody_who_comes_back():
    async with storm() as (made, _):
        lists = sum(message["method"] == "tools/list" for device in made.devices for message in device.requests)
        assert lists == 1
        await made.restart()
        for device in made.devices:
            device.reboot()
            await until(lambda device=device: made.fleet.get(device.id).nonce == device.nonce)
        assert sum(message["method"] == "tools/list" for device in made.devices for message in device.requests) == 1


VARIANTS = [([ADD], Offers()), ([ADD, OTHER], Offers()), ([ADD], Offers(prompts=({"name": "greet"},))), ([], Offers())]
STEP = st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from([None, 0, 1, 2, 3])) | st.just("told")


@given(st.lists(STEP, max_size=25))
@settings(derandomize=True, max_examples=150, deadline=None)
def test_whatever_devices_do_a_list_is_announced_exactly_when_it_is_another(steps):
    fleet, told = MemoryFleet(), []
    front = Front(fleet, Metrics(), Options())

    def changed(what, concerns):
        told.append((what, [view.device for view in map(device_view, "abc") if concerns(view)], concerns(FLEET)))

    def listed():
        every = {view: names(front, view) for view in (FLEET, *map(device_view, "abc"))}
        return {what: {view: lists[what] for view, lists in every.items()} for what in ("tools", "resources", "prompts")}

    async def main():
        before = listed()
        for step in [*steps, "told"]:
            if step != "told":
                device, variant = step
                tools, offers = VARIANTS[variant or 0]
                front._follow(fleet.put(MemoryDevice(device, tools, online=variant is not None, offers=offers)))
                continue
            told.clear()
            await front.announcer.flush()
            now = listed()
            for what in now:
                news = [devices for kind, devices, _ in told if kind == what]
                different = [view.device for view in map(device_view, "abc") if before[what][view] != now[what][view]]
                assert news == ([different] if different else [])
                assert (before[what][FLEET] != now[what][FLEET]) == bool(different)
            before = now

    front.hub.changed = changed
    asyncio.run(main())


def names(front, view):
    """What this view lists."""
    shelves = front.offered
    found = {what: shelf.page(view, None)[0] for what, shelf in (("resources", shelves.resources), ("prompts", shelves.prompts))}
    return {"tools": front.catalogue.page(None, True, view)[0], **found}
