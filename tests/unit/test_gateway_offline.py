# SPDX-License-Identifier: Apache-2.0
"""Calls to a device that is away: they wait as tasks, in order, bounded, and each is made at most once."""

from __future__ import annotations

import asyncio
import contextlib

import httpx2
import pytest
from tests.support.mcp_http import modern_body, modern_headers
from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet, text
from tests.support.waiting import until

from motet.fleet import DeviceTimeout, RpcError
from motet.gateway.app import GatewayApp
from motet.gateway.asking import Question
from motet.gateway.offline import MOST_WAITING, Wish
from motet.gateway.options import Options
from motet.gateway.server import listening
from motet.gateway.tasks import Tasks
from motet.gateway.tasktable import TaskTable
from motet.observe import Metrics
from motet.store import Store, StoreError
from motet_core.errors import BUSY

pytestmark = pytest.mark.anyio
EXTENSION = "io.modelcontextprotocol/tasks"
SAFE = {**ADD, "name": "math.safe", "annotations": {"idempotentHint": True}}


class World:
    """A gateway whose only device is away at first; `made` lists the calls that reached it."""

    def __init__(self, store=None):
        self.store, self.made, self.fail = store, [], []
        self.fleet = MemoryFleet(MemoryDevice("pump", [ADD, SAFE], online=False))
        self.fleet.answers |= {"math.add": self.answer, "math.safe": self.answer}

    async def answer(self, params, _progress):
        self.made.append(params["arguments"]["a"])
        if self.fail:
            raise self.fail.pop(0)
        return text(params["arguments"]["a"])

    @contextlib.asynccontextmanager
    async def serving(self):
        options = Options(port=0, drain_s=0.5)
        app = GatewayApp(self.fleet, Metrics(), options, table=TaskTable(self.store))
        async with listening(app, options) as url, httpx2.AsyncClient() as http:
            self.url, self.http = url, http
            yield self

    async def ask(self, method, header, able=True, meta=None, **params):
        body = modern_body(method, **params)
        if able:
            body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"extensions": {EXTENSION: {}}}
        body["params"]["_meta"] |= meta or {}
        answer = (await self.http.post(self.url, json=body, headers=modern_headers(method, header))).json()
        return answer.get("result") or answer["error"]

    async def call(self, a=1, tool="math.add", able=True, **meta):
        named = {f"motet/{name}": value for name, value in meta.items()}
        return await self.ask("tools/call", f"pump.{tool}", able, named, name=f"pump.{tool}", arguments={"a": a, "b": 0})

    async def get(self, task):
        return await self.ask("tasks/get", task["taskId"], taskId=task["taskId"])

    async def ended(self, task):
        async with asyncio.timeout(20):
            while (found := await self.get(task))["status"] == "working":
                await asyncio.sleep(0.02)
        return found

    def back(self):
        self.fleet.put(MemoryDevice("pump", [ADD, SAFE]))


async def test_a_call_waits_for_its_device_and_is_made_when_it_is_back():
    async with World().serving() as w:
        task = await w.call(5)
        assert (task["resultType"], task["status"]) == ("task", "working")
        assert "away" in task["statusMessage"]
        w.back()
        assert (await w.ended(task))["result"]["structuredContent"] == {"result": 5}
        assert w.made == [5]


async def test_a_client_without_tasks_is_told_that_the_device_is_away():
    async with World().serving() as w:
        assert (await w.call(able=False))["code"] == -32060


async def test_what_waits_survives_a_restart_of_the_gateway(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'motet.db'}")
    w = World(store)
    async with w.serving():
        task = await w.call(6)
    async with w.serving():
        assert (await w.get(task))["status"] == "working"
        w.back()
        assert (await w.ended(task))["result"]["structuredContent"] == {"result": 6}
    assert w.made == [6]
    store.close()


async def test_the_highest_priority_goes_first_then_the_oldest():
    async with World().serving() as w:
        tasks = [await w.call(a, priority=priority) for a, priority in ((1, 0), (2, 5), (3, 0), (4, 9), (5, 5))]
        w.back()
        for task in tasks:
            assert (await w.ended(task))["status"] == "completed"
        assert w.made == [4, 2, 5, 1, 3]


async def test_an_equal_key_is_the_same_call_before_and_after_it_was_made():
    async with World().serving() as w:
        first = await w.call(7, idempotencyKey="order-7")
        second = await w.call(7, idempotencyKey="order-7")
        other = await w.call(8, idempotencyKey="order-8")
        assert first["taskId"] == second["taskId"] != other["taskId"]
        w.back()
        await w.ended(first)
        await w.ended(other)
        assert sorted(w.made) == [7, 8]


async def test_a_call_that_waited_too_long_is_not_made():
    async with World().serving() as w:
        task = await w.call(9, expiresS=0.2)
        assert (await w.ended(task))["error"]["code"] == -32051
        w.back()
        assert (await w.call(10))["structuredContent"] == {"result": 10}
        assert w.made == [10]


async def test_a_call_whose_answer_was_lost_is_not_made_twice():
    async with World().serving() as w:
        w.fail = [DeviceTimeout("pump", "no answer")]
        task, after = await w.call(11), await w.call(12)
        w.back()
        failed = await w.ended(task)
        assert (failed["status"], "nobody knows" in failed["error"]["message"]) == ("failed", True)
        assert (await w.ended(after))["status"] == "completed"
        assert w.made == [11, 12]


async def test_an_idempotent_tool_is_asked_again(monkeypatch):
    monkeypatch.setattr("motet.gateway.tasks._AWAY_S", 0.05)
    async with World().serving() as w:
        w.fail = [DeviceTimeout("pump", "no answer"), RpcError("pump", BUSY, "busy")]
        task = await w.call(13, "math.safe")
        w.back()
        assert (await w.ended(task))["status"] == "completed"
        assert w.made == [13, 13, 13]


async def test_a_call_that_was_with_the_device_when_the_gateway_ended_fails_honestly(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'motet.db'}")
    w, never = World(store), asyncio.Event()

    async def hanging(params, _progress):
        w.made.append(params["arguments"]["a"])
        await never.wait()

    w.fleet.answers["math.add"] = hanging
    async with w.serving():
        task = await w.call(14)
        w.back()
        await until(lambda: w.made == [14])
    async with w.serving():
        assert "nobody knows" in (await w.ended(task))["error"]["message"]
    assert w.made == [14]
    store.close()


async def test_a_cancelled_call_is_not_made():
    async with World().serving() as w:
        task, after = await w.call(15), await w.call(16)
        await w.ask("tasks/cancel", task["taskId"], taskId=task["taskId"])
        w.back()
        assert (await w.ended(after))["status"] == "completed"
        assert w.made == [16]


async def test_the_queue_of_a_device_has_an_end():
    async with World().serving() as w:
        for a in range(MOST_WAITING):
            assert "taskId" in await w.call(a)
        assert (await w.call(99))["code"] == BUSY


@pytest.mark.parametrize(
    "meta",
    [
        {"priority": 10},
        {"priority": True},
        {"priority": "high"},
        {"idempotencyKey": 5},
        {"idempotencyKey": "x" * 65},
        {"expiresS": 0},
        {"expiresS": "soon"},
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused(meta):
    async with World().serving() as w:
        assert (await w.call(**meta))["code"] == -32602


async def test_wrong_arguments_and_unknown_tools_do_not_wait():
    async with World().serving() as w:
        assert (await w.call("x"))["isError"] is True
        assert (await w.call(1, "math.none"))["code"] == -32060


async def test_an_equal_key_is_the_same_call_when_the_device_is_back():
    async with World().serving() as w:
        first = await w.call(17, idempotencyKey="order-17")
        w.back()
        await w.ended(first)
        again = await w.call(17, idempotencyKey="order-17")
        assert (again["taskId"], again["status"]) == (first["taskId"], "completed")
        assert (await w.call(18, idempotencyKey="order-18"))["structuredContent"] == {"result": 18}
        assert w.made == [17, 18]


async def test_the_next_call_goes_out_when_the_one_before_is_cancelled_or_cannot_be_written_down(monkeypatch):
    w, never = World(), asyncio.Event()

    async def hanging(params, _progress):
        w.made.append(params["arguments"]["a"])
        if params["arguments"]["a"] == 20:
            await never.wait()
        return text(params["arguments"]["a"])

    class Full(TaskTable):
        async def save(self, task):
            if task.sent and task.asked["arguments"]["a"] == 19:
                raise StoreError("disk is full")

    w.fleet.answers["math.add"] = hanging
    monkeypatch.setitem(globals(), "TaskTable", Full)
    async with w.serving():
        _, second, third = [await w.call(a) for a in (19, 20, 21)]
        w.back()
        await until(lambda: w.made == [20])
        await w.ask("tasks/cancel", second["taskId"], taskId=second["taskId"])
        assert (await w.ended(third))["status"] == "completed"
    assert w.made == [20, 21]


async def test_a_call_whose_client_left_before_it_was_written_down_is_not_made(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'motet.db'}")
    table, begun = TaskTable(store), asyncio.Event()

    class Slow(TaskTable):
        async def save(self, task):
            await table.save(task)
            begun.set()
            await asyncio.Event().wait()

    tasks = Tasks(None, Slow(store), None, 60, lambda _: None)
    wish, question = Wish(0, "k", None), Question("pump", "pump.x", "tools/call", {})
    leaving = asyncio.create_task(tasks.queue(question, {}, "me", wish, False))
    await begun.wait()
    leaving.cancel()
    await asyncio.wait((leaving,))
    assert tasks.same("pump.x", "me", "k") is None
    async with asyncio.timeout(10):
        while await table.load():
            await asyncio.sleep(0.01)
    store.close()
