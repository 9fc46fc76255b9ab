# SPDX-License-Identifier: Apache-2.0
"""Messages between devices: real brokers, real device cores with components built from C, and devices that lie."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.memory_fleet import MemoryDevice
from tests.support.sim_device import SimDevice
from tests.support.waiting import until

from motet.bus import Bus, broker
from motet.fleet import Fleet
from motet.gateway.lanes import WAITING, Lanes
from motet.gateway.messages import Messages
from motet.gateway.subscribers import AT_ONCE, Subscribers
from motet.gateway.topicmap import MAX_WANTED, TopicMap
from motet.wire import Presence, Topics, packed
from motet_core import topics

REALM = "test"
Json = dict[str, Any]


class Talker(SimDevice):
    """A device that has subscriptions, hears messages and says what a test wants."""

    def __init__(self, *args: Any, rows: Any = (), part: int | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.part = part
        self.rows, self.heard, self.wanted = rows, [], None
        self.answers: Json = {"result": {}}

    def presence(self, **changes: Any) -> Presence:
        return super().presence(**{"messages": self.part, **changes})

    def _answer(self, message: Json) -> Json | None:
        if message["method"] == "message.subscriptions":
            return {"result": {} if self.rows is None else {"subscriptions": [list(row) for row in self.rows]}}
        if message["method"] == "message.wanted":
            self.wanted = message["params"]["patterns"]
            return {"result": {}}
        if message["method"] == "message.deliver":
            self.heard.append(message["params"])
            return self.answers if message["params"].get("request") else {"result": {}}
        return super()._answer(message)

    def tell(self, method: str, params: Any) -> None:
        data = packed.dumps({"jsonrpc": "2.0", "method": method, "params": params})
        self.bus.publish(Topics(REALM).notifications(self.id), data, qos=0)

    def say(self, **said: Any) -> None:
        self.tell("motet/message", {"sender": "comp", "hops": 0, "data": "aGk=", **said})


class World:
    def __init__(self, url: str, fleet: Fleet, messages: Messages, stack: contextlib.AsyncExitStack) -> None:
        self.url, self.fleet, self.messages, self._stack = url, fleet, messages, stack

    async def device(self, name: str, rows: Any = (), part: int | None = None) -> Talker:
        made = Talker(self.url, REALM, name, rows=rows, part=part)
        await made.start()
        self._stack.push_async_callback(made.bus.close)
        if rows is not None:
            await until(lambda: made.wanted is not None, f"what {name} is told")
        return made


class Strict:
    """Rules that let nobody talk to b3."""

    def message(self, sender: Any, component: str, target: tuple[str, str], topic: str, to: str) -> bool:
        return target[0] != "b3"


@contextlib.asynccontextmanager
async def world(rules: Any = None) -> AsyncIterator[World]:
    with broker.start() as engine:
        async with contextlib.AsyncExitStack() as stack:
            bus = await Bus.connect(engine.url, "gateway-test")
            stack.push_async_callback(bus.close)
            fleet = Fleet(bus, REALM)
            await fleet.start()
            stack.push_async_callback(fleet.close)
            messages = Messages(fleet, rules)
            await stack.enter_async_context(messages.running())
            yield World(engine.url, fleet, messages, stack)


def test_a_publication_reaches_subscribers_on_other_devices_only() -> None:
    async def main() -> None:
        async with world() as there:
            one = await there.device("b1", [("comp", "news/+")])
            two = await there.device("b2", [("x", "news/#"), ("y", "news/today")])
            three = await there.device("b3", [("z", "weather")])
            await until(lambda: one.wanted == ["news/#", "news/today", "weather"], "what b1 is told")
            one.say(topic="news/today")
            three.say(topic="weather")
            one.say(topic="news/a/b")
            await until(lambda: len(two.heard) == 2, "both at b2")
            assert two.heard[0] == {"topic": "news/today", "sender": "b1/comp", "data": "aGk=", "hops": 0}
            assert one.heard == three.heard == []
            # Subscriptions change while devices run, and end with them.
            three.tell("motet/subscriptions", {"subscriptions": [["z", "alarm/#"]]})
            await until(lambda: "alarm/#" in one.wanted, "the news of b3")
            await two.stop()
            await until(lambda: one.wanted == ["alarm/#"], "the end of b2")

    asyncio.run(main())


def test_a_request_is_answered_by_the_one_asked_or_by_the_reason() -> None:
    async def main() -> None:
        async with world(Strict()) as there:
            one, two = await there.device("b1"), await there.device("b2")
            await there.device("b3")

            async def asked(to: str, **more: Any) -> Json:
                before = len(one.heard)
                one.say(to=to, request=before, timeout_ms=500, **more)
                await until(lambda: len(one.heard) > before, to)
                return dict(one.heard[before])

            two.answers = {"result": {"data": "b2s="}}
            found = await asked("b2/calc")
            assert found == {"to": "comp", "sender": "b2/calc", "answers": 0, "data": "b2s=", "hops": 0}
            assert two.heard[0] == {"to": "calc", "sender": "b1/comp", "request": True, "data": "aGk=", "hops": 0}
            for code, word in ((-32052, "busy"), (-32055, "not-found"), (-32058, "denied"), (-32054, "it says no")):
                two.answers = {"error": {"code": code, "message": "it says no"}}
                assert (await asked("b2/calc"))["failure"] == word
            two.answers = None  # type: ignore[assignment]
            assert (await asked("b2/calc"))["failure"] == "timeout"
            assert (await asked("gone/calc"))["failure"] == "unavailable"
            assert (await asked("b3/calc"))["failure"] == "denied"

    asyncio.run(main())


def test_nonsense_loops_and_floods_are_dropped_and_counted() -> None:
    async def main() -> None:
        async with world() as there:
            one, two = await there.device("b1"), await there.device("b2", [("x", "#")])
            for wrong in (
                {"sender": "a/b"}, {"sender": None}, {"sender": "x" * 40}, {"hops": True}, {"hops": "0"}, {"data": 5},
                {"data": "A" * 1372},
                {"topic": "a/+"}, {"topic": 7}, {"topic": ""}, {}, {"to": "b2"}, {"to": "b2/x/y"}, {"to": "b2/#"},
                {"to": "b2/x", "request": "1"},
            ):  # fmt: skip
                one.say(**wrong)
            one.tell("motet/message", [])
            one.tell("motet/subscriptions", {"subscriptions": [["x", "a//b"], ["y"], 5, ["ok", "fine"]]})
            one.tell("motet/subscriptions", {"subscriptions": "all"})
            one.say(topic="a", hops=17)
            one.say(topic="a", hops=-1)
            await until(lambda: there.messages.counts["looped"] == 2, "both that went too far")
            assert there.messages.counts["malformed"] == 15 + 3 + 1
            assert two.heard == []
            for _ in range(300):
                one.say(topic="a")
            await until(lambda: there.messages.counts["limited"] > 100, "the end of its rate")
            counts = there.messages.counts
            await until(lambda: counts["delivered"] + counts["dropped"] + counts["limited"] == 300, "all of them")
            assert counts["delivered"] == len(two.heard) >= WAITING

    asyncio.run(main())


def test_a_device_without_messages_is_left_alone() -> None:
    async def main() -> None:
        async with world() as there:
            plain, one = await there.device("old", None), await there.device("b1")
            await there.device("b2", [("x", "a")])
            await until(lambda: one.wanted == ["a"], "what b1 is told")
            assert plain.wanted is None

    asyncio.run(main())


def test_a_device_that_says_that_it_takes_no_part_is_not_even_asked_until_it_says_otherwise() -> None:
    async def main() -> None:
        async with world() as there:
            silent = await there.device("new", None, part=0)
            one = await there.device("b1", part=1)
            await there.device("b2", [("x", "a")])
            await until(lambda: one.wanted == ["a"], "what b1 is told")
            assert [message["method"] for message in silent.requests if message["method"].startswith("message.")] == []
            # A component of it begins; its record says so only to gateways that come later.
            silent.tell("motet/subscriptions", {"subscriptions": [["y", "b"]]})
            await until(lambda: silent.wanted == ["a"] and one.wanted == ["a", "b"], "what both are told")
            # After its next start there is none again.
            silent.reboot()
            await until(lambda: one.wanted == ["a"], "the end of what it wanted")

    asyncio.run(main())


def test_of_many_devices_that_come_at_once_few_are_asked_at_a_time() -> None:
    class Slow:
        """A fleet that answers when a test says so."""

        def __init__(self) -> None:
            self.open: dict[str, asyncio.Future[Json]] = {}
            self.asked: list[str] = []

        def devices(self) -> list[MemoryDevice]:
            return [MemoryDevice(f"d{number}") for number in range(3 * AT_ONCE)]

        async def call(self, device: str, method: str, params: Json, timeout: float) -> Json:
            if method != "message.subscriptions":
                return {}
            self.asked.append(device)
            self.open[device] = asyncio.get_running_loop().create_future()
            try:
                return await self.open[device]
            finally:
                del self.open[device]

    async def main() -> None:
        fleet = Slow()
        subscribers = Subscribers(fleet, Counter())  # type: ignore[arg-type]
        async with subscribers.running():
            await until(lambda: len(fleet.open) == AT_ONCE, "the first of them")
            # One that leaves meanwhile is not asked any more.
            subscribers.gone("d50")
            while len(subscribers.map.devices()) < 3 * AT_ONCE - 1:
                for waiting in fleet.open.values():
                    if not waiting.done():
                        waiting.set_result({"subscriptions": []})
                assert len(fleet.open) <= AT_ONCE
                await asyncio.sleep(0)
        assert sorted(fleet.asked) == sorted(f"d{number}" for number in range(3 * AT_ONCE) if number != 50)

    asyncio.run(main())


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.lists(st.sampled_from(["t", "t/+", "#", "u/x"]), max_size=3))))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_the_map_is_the_same_however_subscriptions_came_about(changes: list[tuple[str, list[str] | None]]) -> None:
    table, plain = TopicMap(), dict[str, set[str]]()
    for device, patterns in changes:
        table.set(device, None if patterns is None else [["c", one] for one in patterns])
        plain.pop(device, None)
        if patterns is not None:
            plain[device] = set(patterns)
    assert sorted(table.devices()) == sorted(plain)
    for device in "abcd":
        assert table.wanted_of(device) == sorted({one for other, own in plain.items() if other != device for one in own})
        for topic in ("t", "t/x", "u/x"):
            wanting = {
                other for other, own in plain.items() if other != device and any(topics.matches(one, topic) for one in own)
            }
            assert set(table.subscribers(topic, device)) == wanting


def test_what_is_wanted_by_too_many_becomes_everything() -> None:
    table = TopicMap()
    assert table.set("b1", [["c", f"t/{number}"] for number in range(MAX_WANTED + 1)]) == 0
    table.set("b2", [])
    assert table.wanted_of("b2") == ["#"]
    assert table.wanted_of("b1") == []
    assert table.subscribers("t/3", "b2") == ["b1"]
    assert table.subscribers("t/3", "b1") == []
    assert table.set("b1", None) == 0
    assert table.devices() == ["b2"]


def test_a_lane_survives_what_its_work_raises(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        done = []

        async def work(device: str, method: str, params: Json, origin: Any) -> None:
            if method == "bad":
                raise RuntimeError("unforeseen")
            done.append(method)

        lanes = Lanes(work)
        assert lanes.put("b1", "bad", {}, None)
        assert lanes.put("b1", "good", {}, None)
        await asyncio.gather(*lanes.tasks())
        assert done == ["good"]
        assert lanes.tasks() == []
        assert "a message to b1 failed" in caplog.text

    asyncio.run(main())
