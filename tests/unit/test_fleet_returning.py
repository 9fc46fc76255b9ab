# SPDX-License-Identifier: Apache-2.0
"""Who comes back after the broker did, and how long the others are waited for."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.waiting import until

from motet.fleet import returning
from motet.fleet.returning import Returning

pytestmark = pytest.mark.anyio


class World:
    """Devices that are awaited: of those in `looks`, so many are left at each look."""

    def __init__(self, *looks):
        self.looks, self.asked, self.given_up = looks, 0, 0
        self.returning = Returning(self.awaited, self.give_up)

    def awaited(self):
        found = self.looks[min(self.asked, len(self.looks) - 1)]
        self.asked += 1
        return found

    def give_up(self):
        self.given_up += 1


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(returning, "RETURN_S", 0.001)
    monkeypatch.setattr(returning, "LONGEST_S", 0.006)


async def test_when_nobody_comes_back_the_first_look_is_the_last():
    world = World(5)
    world.returning.begin()
    await until(lambda: world.given_up)
    # One at the beginning, one at the end.
    assert (world.asked, world.given_up) == (2, 1)


async def test_as_long_as_devices_come_back_the_others_are_waited_for():
    # Each look but the last is followed by one more, before the next wait.
    world = World(9, 7, 7, 4, 4, 4)
    world.returning.begin()
    await until(lambda: world.given_up)
    assert (world.asked, world.given_up) == (6, 1)


async def test_one_device_after_the_other_does_not_keep_the_dead_for_ever():
    world = World(*range(1000, 0, -1))
    world.returning.begin()
    await until(lambda: world.given_up)
    assert world.asked <= 2 * 7


async def test_a_broker_that_leaves_again_ends_the_wait():
    world = World(5)
    world.returning.begin()
    world.returning.cancel()
    world.returning.cancel()
    await asyncio.sleep(0.01)
    assert world.given_up == 0
