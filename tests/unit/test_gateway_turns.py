# SPDX-License-Identifier: Apache-2.0
"""Calls of one device wait for each other, within limits, and nobody's turn gets lost."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.waiting import until

from motet.gateway.turns import Crowded, TooLate, Turns

pytestmark = pytest.mark.anyio


class Work:
    """Calls that stay with their device until they are told to end."""

    def __init__(self, turns):
        self.turns, self.began, self.most, self.now = turns, [], 0, 0
        self.ends = {}

    def start(self, name, device="pump", within_s=60.0):
        self.ends[name] = asyncio.Event()
        return asyncio.create_task(self._run(name, device, within_s))

    async def _run(self, name, device, within_s):
        async with self.turns.turn(device, asyncio.get_running_loop().time() + within_s):
            self.began.append(name)
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await self.ends[name].wait()
            finally:
                self.now -= 1


async def test_calls_get_their_turn_in_the_order_they_came():
    work = Work(Turns(2, 10))
    tasks = [work.start(name) for name in "abcd"]
    await until(lambda: work.began == ["a", "b"])
    for name, began in (("b", "abc"), ("a", "abcd")):
        work.ends[name].set()
        await until(lambda began=began: work.began == list(began))
    for end in work.ends.values():
        end.set()
    await asyncio.gather(*tasks)
    assert work.most == 2


async def test_devices_do_not_wait_for_each_other():
    work = Work(Turns(1, 10))
    tasks = [work.start("a", "pump"), work.start("b", "valve")]
    await until(lambda: work.began == ["a", "b"])
    for end in work.ends.values():
        end.set()
    await asyncio.gather(*tasks)


async def test_too_many_are_refused_at_once():
    work = Work(Turns(1, 1))
    tasks = [work.start("a"), work.start("b")]
    await until(lambda: work.began == ["a"])
    with pytest.raises(Crowded):
        await work.start("c")
    for end in work.ends.values():
        end.set()
    await asyncio.gather(*tasks)


async def test_a_call_whose_time_ends_before_its_turn_is_too_late_and_makes_room():
    work = Work(Turns(1, 1))
    first = work.start("a")
    await until(lambda: work.began == ["a"])
    with pytest.raises(TooLate):
        await work.start("b", within_s=0.01)
    third = work.start("c")
    await asyncio.sleep(0)
    work.ends["a"].set()
    work.ends["c"].set()
    await asyncio.gather(first, third)
    assert work.began == ["a", "c"]


@given(st.lists(st.tuples(st.sampled_from("sec"), st.integers(0, 15)), max_size=60))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_no_turn_is_lost_or_doubled_however_calls_start_end_and_are_cancelled(steps):
    async def play():
        work, tasks = Work(Turns(2, 100)), {}
        for action, number in steps:
            if action == "s" and number not in tasks:
                tasks[number] = work.start(number)
            elif action == "e" and number in tasks:
                work.ends[number].set()
            elif action == "c" and number in tasks:
                tasks[number].cancel()
            await asyncio.sleep(0)
            assert work.now <= 2
        for end in work.ends.values():
            end.set()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        async with asyncio.timeout(10):
            async with work.turns.turn("pump", 1e9), work.turns.turn("pump", 1e9):
                assert work.now == 0

    asyncio.run(play())


async def test_a_device_without_calls_is_not_remembered():
    work = Work(Turns(1, 1))
    first, second = work.start("first"), work.start("second")
    await until(lambda: work.began == ["first"])
    assert list(work.turns._lanes) == ["pump"]
    for end in work.ends.values():
        end.set()
    await asyncio.gather(first, second)
    assert not work.turns._lanes
