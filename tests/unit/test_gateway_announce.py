# SPDX-License-Identifier: Apache-2.0
"""Clients are told of changed lists: once for a storm, not for a change undone, and never held up by a deaf neighbour."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.waiting import until

from motet.gateway.announce import Announcer, running
from motet.gateway.sessions import Sessions
from motet.gateway.views import device_view

pytestmark = pytest.mark.anyio


class Heard:
    def __init__(self):
        self.told = []

    async def notify(self, method, params=None):
        self.told.append((method, params))


class Deaf:
    def __init__(self):
        self.entered = asyncio.Event()

    async def notify(self, _method, _params=None):
        self.entered.set()
        await asyncio.Event().wait()


class Broken:
    async def notify(self, _method, _params=None):
        raise ConnectionError("gone")


class World:
    def __init__(self):
        self.state, self.told, self.fail = {"tools": {}, "prompts": {}}, [], False
        self.sessions = Sessions()
        self.announcer = Announcer(self.tell, lambda device: {kind: prints.get(device) for kind, prints in self.state.items()})

    async def tell(self, kind, devices):
        if self.fail:
            self.fail = False
            raise ConnectionError("gone")
        self.told.append((kind, sorted(devices)))
        self.sessions.announce(kind, lambda view: not view.device or view.device in devices)

    def change(self, value, kind="tools", device="pump"):
        self.state[kind][device] = value
        self.announcer.changed(device)


async def test_what_changed_and_whose_it_is_is_told():
    world, session = World(), Heard()
    world.sessions.add(session)
    async with running(world.announcer):
        world.change(1)
        world.change(1, "prompts", "valve")
        await until(lambda: len(session.told) == 2)
    assert world.told == [("tools", ["pump"]), ("prompts", ["valve"])]
    assert session.told == [("notifications/tools/list_changed", None), ("notifications/prompts/list_changed", None)]


async def test_a_device_that_leaves_changes_the_lists():
    world = World()
    world.change(1)
    async with running(world.announcer):
        await until(lambda: len(world.told) == 1)
        del world.state["tools"]["pump"]
        world.announcer.changed("pump")
        await until(lambda: len(world.told) == 2)


async def test_a_session_hears_only_of_the_devices_in_its_view():
    world, mine, other = World(), Heard(), Heard()
    world.sessions.add(mine, device_view("pump"))
    world.sessions.add(other, device_view("valve"))
    async with running(world.announcer):
        world.change(1)
        await until(lambda: mine.told)
    assert other.told == []


async def test_a_storm_becomes_few_announcements_and_the_last_state_is_told():
    world, session = World(), Heard()
    world.sessions.add(session)
    async with running(world.announcer):
        world.change(1)
        await until(lambda: len(session.told) == 1)
        for state in range(2, 500):
            world.change(state)
        await until(lambda: len(session.told) == 2)
    assert len(world.told) == 2


async def test_a_change_that_is_undone_at_once_is_not_told():
    world = World()
    world.change(0)
    async with running(world.announcer):
        await until(lambda: len(world.told) == 1)
        world.change(1)
        world.change(0)
        await asyncio.sleep(0)
        assert len(world.told) == 1


async def test_a_session_that_does_not_read_holds_up_nobody():
    world, deaf, session = World(), Deaf(), Heard()
    world.sessions.add(deaf)
    world.sessions.add(session)
    async with running(world.announcer):
        world.change(1)
        await deaf.entered.wait()
        world.change(2)
        await until(lambda: len(session.told) == 2)
    world.sessions.discard(deaf)


async def test_telling_that_fails_once_is_tried_again_at_the_next_change():
    world = World()
    world.fail = True
    async with running(world.announcer):
        world.change(1)
        await until(lambda: not world.fail)
        world.change(2)
        await until(lambda: len(world.told) == 1)


async def test_a_broken_session_harms_nobody_and_one_that_ended_is_not_told():
    world, ended, session = World(), Heard(), Heard()
    for each in (Broken(), ended, session):
        world.sessions.add(each)
    world.sessions.discard(ended)
    async with running(world.announcer):
        world.change(1)
        await until(lambda: len(session.told) == 1)
    assert ended.told == []
    assert len(world.sessions) == 2
