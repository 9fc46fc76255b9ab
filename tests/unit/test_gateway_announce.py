# SPDX-License-Identifier: Apache-2.0
"""Clients are told of changed tools: once for a storm, not for a change undone, and never held up by a deaf neighbour."""

from __future__ import annotations

import asyncio

import pytest
from mcp.server.subscriptions import InMemorySubscriptionBus
from tests.support.waiting import until

from motet.gateway.announce import Announcer, Sessions, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Heard:
    def __init__(self):
        self.times = 0

    async def send_tool_list_changed(self):
        self.times += 1


class Deaf:
    def __init__(self):
        self.entered = asyncio.Event()

    async def send_tool_list_changed(self):
        self.entered.set()
        await asyncio.Event().wait()


class Broken:
    async def send_tool_list_changed(self):
        raise ConnectionError("gone")


class World:
    def __init__(self, bus=None):
        self.state, self.events = 0, []
        self.bus, self.sessions = bus or InMemorySubscriptionBus(), Sessions()
        self.bus.subscribe(self.events.append)
        self.announcer = Announcer(self.bus, self.sessions, lambda: self.state)

    def change(self, state):
        self.state = state
        self.announcer.changed()


async def test_a_change_reaches_listeners_and_sessions():
    world, session = World(), Heard()
    world.sessions.add(session)
    async with running(world.announcer):
        world.change(1)
        await until(lambda: world.events and session.times == 1)


async def test_a_storm_becomes_few_announcements_and_the_last_state_is_told():
    world, session = World(), Heard()
    world.sessions.add(session)
    async with running(world.announcer):
        world.change(1)
        await until(lambda: session.times == 1)
        for state in range(2, 500):
            world.change(state)
        await until(lambda: session.times == 2)
    assert len(world.events) == 2


async def test_a_change_that_is_undone_at_once_is_not_told():
    world = World()
    async with running(world.announcer):
        world.change(1)
        world.change(0)
        world.change(0)
        await asyncio.sleep(0)
        assert world.events == []


async def test_a_session_that_does_not_read_holds_up_nobody():
    world, deaf, session = World(), Deaf(), Heard()
    world.sessions.add(deaf)
    world.sessions.add(session)
    async with running(world.announcer):
        world.change(1)
        await deaf.entered.wait()
        world.change(2)
        await until(lambda: session.times == 2)


async def test_a_bus_that_fails_once_is_used_again():
    class Failing(InMemorySubscriptionBus):
        fail = True

        async def publish(self, event):
            if self.fail:
                self.fail = False
                raise ConnectionError("gone")
            await super().publish(event)

    world = World(Failing())
    async with running(world.announcer):
        world.change(1)
        await until(lambda: not world.bus.fail)
        world.change(2)
        await until(lambda: len(world.events) == 1)


async def test_a_broken_session_harms_nobody_and_one_that_ended_is_not_told():
    world, ended, session = World(), Heard(), Heard()
    for each in (Broken(), ended, session):
        world.sessions.add(each)
    world.sessions.discard(ended)
    async with running(world.announcer):
        world.change(1)
        await until(lambda: session.times == 1)
    assert ended.times == 0
    assert len(world.sessions) == 2
