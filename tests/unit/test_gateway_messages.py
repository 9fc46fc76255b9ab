# SPDX-License-Identifier: Apache-2.0
"""Messages between devices: real brokers, real device cores with components built from C, and devices that lie."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.sim_device import SimDevice
from tests.support.waiting import until

from motet.bus import Bus, broker
from motet.fleet import Fleet
from motet.gateway.lanes import WAITING, Lanes
from motet.gateway.messages import Messages
from motet.gateway.topicmap import MAX_WANTED, TopicMap
from motet.wire import Topics, packed

REALM = "test"
Json = dict[str, Any]


class Talker(SimDevice):
    """A device that has subscriptions, hears messages and says what a test wants."""

    def __init__(self, *args: Any, rows: Any = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.rows, self.heard, self.wanted = rows, [], None
        self.answers: Json = {"result": {}}

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

    async def device(self, name: str, rows: Any = ()) -> Talker:
        made = Talker(self.url, REALM, name, rows=rows)
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
