# SPDX-License-Identifier: Apache-2.0
"""Devices that announce the same list: one is asked for all, another one when it fails, and none for longer than it is wanted."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.waiting import until

from motet.fleet import DeviceTimeout, reading
from motet.fleet.device import Device
from motet.fleet.reading import Reading
from motet.wire import Presence

pytestmark = pytest.mark.anyio
HASH, OTHER = b"h" * 16, b"o" * 16


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(reading, "_RETRY_S", 0.001)
    monkeypatch.setattr(reading, "_LAST_RETRY_S", 0.004)


class World:
    """Devices whose list is its hash; `bad` ones fail, `slow` ones never answer. Serves as the cache, too."""

    def __init__(self):
        self.devices, self.cached, self.asked, self.given = {}, {}, [], []
        self.bad, self.slow, self.error = set(), set(), DeviceTimeout
        self.reading = Reading("tools", self, lambda device: device.id, lambda device: device.catalogue_hash, self.put)

    def device(self, name):
        return self.devices.setdefault(name, Device(Presence(name, 1, b"n" * 8, 1)))

    def want(self, *names, wanted=HASH):
        for name in names:
            self.reading.want(self.device(name), wanted)

    def known(self, wanted):
        return self.cached.get(wanted)

    async def get(self, wanted, device, ask):
        assert ask == device
        self.asked.append(device)
        await asyncio.sleep(0)
        if device in self.slow:
            await asyncio.Event().wait()
        if device in self.bad:
            raise self.error(device, "no answer")
        self.cached[wanted] = wanted.hex()
        return self.cached[wanted]

    def put(self, device, wanted, found):
        assert found == wanted.hex()
        device.catalogue_hash = wanted
        self.given.append(device.id)

    async def done(self):
        await until(lambda: not len(self.reading))
        assert not self.reading._groups and not self.reading._wanted


async def test_of_equal_devices_that_come_together_one_is_asked():
    world, names = World(), [f"d{number}" for number in range(1000)]
    world.want(*names)
    world.want(*names)
    assert len(world.reading) == 1000
    await world.done()
    assert world.asked == ["d0"] and world.given == names


async def test_what_is_known_already_is_not_asked_for_again():
    world = World()
    world.want("a")
    await world.done()
    world.want("a", "b")
    assert world.given == ["a", "b"] and world.asked == ["a"]


async def test_a_device_that_fails_leaves_the_next_one_its_turn_and_is_served_with_it():
    world = World()
    world.bad = {"a", "b"}
    world.want("a", "b", "c")
    await world.done()
    assert world.asked == ["a", "b", "c"] and world.given == ["a", "b", "c"]


async def test_what_nobody_foresaw_of_one_device_does_not_harm_the_others(caplog):
    world = World()
    world.bad, world.error = {"a"}, RuntimeError
    world.want("a", "b")
    await world.done()
    assert world.given == ["a", "b"] and "reading the tools of a failed" in caplog.text


async def test_one_that_fails_alone_is_asked_again_until_another_one_comes():
    world = World()
    world.bad = {"a"}
    world.want("a")
    await until(lambda: len(world.asked) > 4)
    world.want("b")
    await world.done()
    assert world.asked[-1] == "b" and world.given == ["a", "b"]


async def test_one_that_leaves_while_it_is_asked_holds_up_nobody():
    world = World()
    world.slow = {"a"}
    world.want("a", "b")
    await until(lambda: world.asked)
    world.reading.stop(world.device("a"))
    world.reading.stop(world.device("a"))
    await world.done()
    assert world.given == ["b"]


async def test_one_that_announces_something_else_gets_that():
    world = World()
    world.slow = {"a"}
    world.want("a", "b")
    await until(lambda: world.asked)
    world.slow = set()
    world.want("a", wanted=OTHER)
    await world.done()
    assert world.device("a").catalogue_hash == OTHER and world.device("b").catalogue_hash == HASH


async def test_closing_ends_what_is_under_way():
    world = World()
    world.slow = {"a"}
    world.want("a")
    await until(lambda: world.asked)
    await world.reading.close()
    assert world.given == []


STEPS = st.tuples(st.sampled_from("abcd"), st.sampled_from([HASH, OTHER, None]), st.integers(0, 3))


@given(st.lists(STEPS, max_size=30), st.sets(st.sampled_from("abcd"), max_size=3))
@settings(derandomize=True, max_examples=150, deadline=None)
def test_whatever_devices_announce_each_ends_with_what_it_announced_last(steps, bad):
    async def main():
        world, last = World(), {}
        world.bad = bad
        for name, wanted, turns in steps:
            if wanted is None:
                world.reading.stop(world.device(name))
                last.pop(name, None)
            else:
                world.want(name, wanted=wanted)
                last[name] = wanted
            for _ in range(turns):
                await asyncio.sleep(0)
        world.bad = set()
        await world.done()
        assert {name: world.device(name).catalogue_hash for name in last} == last

    asyncio.run(main())
