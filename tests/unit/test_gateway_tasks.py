# SPDX-License-Identifier: Apache-2.0
"""Calls that outlast their request: a device says "task", and the task survives the client, the device and the gateway."""

from __future__ import annotations

import asyncio
import contextlib

import httpx2
import pytest
from tests.support.mcp_http import modern_body, modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet
from tests.support.waiting import until

from motet.config import Auth
from motet.fleet import DeviceOffline, RpcError
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.server import listening
from motet.gateway.tasktable import TaskTable
from motet.observe import Metrics
from motet.store import Store

pytestmark = pytest.mark.anyio
EXTENSION = "io.modelcontextprotocol/tasks"
JOB = {"name": "job", "inputSchema": {"type": "object"}, "execution": {"taskSupport": "optional"}}
MUST = {**JOB, "name": "must", "execution": {"taskSupport": "required"}}
DONE = {"content": [{"type": "text", "text": "done"}]}


class Job:
    """A device's job: "task" until it is let go, then `end`."""

    def __init__(self, end=DONE):
        self.go, self.end, self.states = asyncio.Event(), end, []

    async def __call__(self, params, _progress):
        self.states.append(params.get("requestState"))
        if isinstance(self.end, Exception) and self.go.is_set():
            raise self.end
        if self.go.is_set():
            return self.end
        return {"resultType": "task", "requestState": f"step{len(self.states)}", "pollIntervalMs": 20}


@pytest.fixture
def job():
    return Job()


@contextlib.asynccontextmanager
async def serving(job, store=None, **settings):
    fleet = MemoryFleet(MemoryDevice("pump", [JOB, MUST]))
    fleet.answers |= {"job": job, "must": job}
    options = Options(port=0, drain_s=0.5, call_timeout_s=10.0, **settings)
    app = GatewayApp(fleet, Metrics(), options, table=TaskTable(store))
    async with listening(app, options) as url, httpx2.AsyncClient() as http:
        yield Client(url, http), fleet, app


class Client:
    def __init__(self, url, http):
        self.url, self.http = url, http

    async def ask(self, method, header, capable=True, **params):
        body = modern_body(method, **params)
        if capable:
            able = {"elicitation": {}, "extensions": {EXTENSION: {}}}
            body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = able
        answer = (await self.http.post(self.url, json=body, headers=modern_headers(method, header))).json()
        return answer.get("result") or answer["error"]

    async def begin(self, tool="job", **more):
        return await self.ask("tools/call", f"pump.{tool}", name=f"pump.{tool}", arguments={}, **more)

    async def get(self, task_id):
        return await self.ask("tasks/get", task_id, taskId=task_id)

    async def ended(self, task_id):
        async with asyncio.timeout(20):
            while (found := await self.get(task_id))["status"] in ("working", "input_required"):
                await asyncio.sleep(0.02)
        return found


async def test_a_device_is_asked_again_with_its_state_until_it_is_done(job):
    async with serving(job) as (client, _, _):
        task = await client.begin()
        assert (task["resultType"], task["status"], "result" in task) == ("task", "working", False)
        await until(lambda: len(job.states) > 3)
        job.go.set()
        assert (await client.ended(task["taskId"]))["result"]["content"] == DONE["content"]
        assert job.states[:3] == [None, "step1", "step2"]


async def test_a_client_without_tasks_waits_for_the_result_or_is_told_that_it_must_have_them(job):
    async with serving(job) as (client, _, _):
        waiting = asyncio.create_task(client.begin(capable=False))
        await until(lambda: len(job.states) > 2)
        job.go.set()
        assert (await waiting)["content"] == DONE["content"]
        error = await client.begin("must", capable=False)
        assert (error["code"], error["data"]) == (-32021, {"requiredCapabilities": {"extensions": {EXTENSION: {}}}})


async def test_a_task_goes_on_after_the_gateway_was_started_again(job, tmp_path):
    store = Store(tmp_path / "motet.db")
    async with serving(job, store) as (client, _, _):
        task = (await client.begin())["taskId"]
        await until(lambda: len(job.states) > 2)
    seen = len(job.states)
    async with serving(job, store) as (client, _, _):
        assert (await client.get(task))["status"] == "working"
        await until(lambda: len(job.states) > seen)
        assert job.states[seen] is not None
        job.go.set()
        assert (await client.ended(task))["status"] == "completed"
    async with serving(job, store) as (client, _, _):
        assert (await client.get(task))["result"]["content"] == DONE["content"]
    store.close()


async def test_what_a_task_asks_is_answered_across_a_restart(tmp_path):
    form = {"mode": "form", "message": "Sure?", "requestedSchema": {"type": "object", "properties": {}}}

    async def asking(params, _progress):
        state, answers = params.get("requestState"), params.get("inputResponses")
        if state is None:
            return {"resultType": "task", "requestState": "begun", "pollIntervalMs": 20}
        if not answers:
            wanted = {key: {"method": "elicitation/create", "params": form} for key in ("a", "b")}
            return {"resultType": "input_required", "inputRequests": wanted, "requestState": "asked"}
        return {"content": [{"type": "text", "text": f"{state} {sorted(answers)}"}]}

    store = Store(tmp_path / "motet.db")
    yes = {"action": "accept", "content": {}}
    async with serving(asking, store) as (client, _, app):
        task = (await client.begin())["taskId"]
        await until(lambda: app.front.tasks._tasks[task].status == "input_required")
        await client.ask("tasks/update", task, taskId=task, inputResponses={"a": yes, "unknown": {}})
        assert list((await client.get(task))["inputRequests"]) == ["b"]
        assert (await client.ask("tasks/update", task, taskId=task, inputResponses={"b": 5}))["code"] == -32602
    async with serving(asking, store) as (client, _, _):
        assert (await client.get(task))["status"] == "input_required"
        assert await client.ask("tasks/update", task, taskId=task, inputResponses={"b": yes}) == {
            "resultType": "complete", "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "motet", "version": ""}},
        }  # fmt: skip
        assert (await client.ended(task))["result"]["content"][0]["text"] == "asked ['a', 'b']"
    store.close()


async def test_a_device_that_is_away_for_a_while_delays_the_task_and_ends_it_not(job, monkeypatch):
    monkeypatch.setattr("motet.gateway.tasks._AWAY_S", 3600)
    async with serving(job) as (client, fleet, app):
        task = (await client.begin())["taskId"]
        fleet.answers["job"] = away = Job(DeviceOffline("pump", "device pump is offline"))
        away.go.set()
        await until(lambda: app.front.tasks._tasks[task].message == "device pump is offline")
        assert (await client.get(task))["statusMessage"] == "device pump is offline"
        fleet.answers["job"] = job
        job.go.set()
        # Found sooner than it would be asked for again.
        fleet.put(fleet.get("pump"))
        assert (await client.ended(task))["status"] == "completed"


async def test_cancelling_stops_asking_and_says_nothing_of_a_result(job):
    async with serving(job) as (client, _, app):
        task = (await client.begin())["taskId"]
        await client.ask("tasks/cancel", task, taskId=task)
        assert (await client.get(task))["status"] == "cancelled"
        await until(lambda: not app.front.tasks._runs)
        seen = len(job.states)
        job.go.set()
        await client.ask("tasks/cancel", task, taskId=task)
        assert ((await client.get(task))["status"], len(job.states)) == ("cancelled", seen)


async def test_a_devices_error_fails_the_task_and_a_tools_error_completes_it(job):
    async with serving(job) as (client, fleet, _):
        task = (await client.begin())["taskId"]
        job.end = RpcError("pump", -32054, "out of oil")
        job.go.set()
        failed = await client.ended(task)
        assert (failed["status"], failed["error"]["code"], "result" in failed) == ("failed", -32054, False)
        job = fleet.answers["job"] = Job({**DONE, "isError": True})
        task = (await client.begin())["taskId"]
        job.go.set()
        assert (await client.ended(task))["result"]["isError"] is True


@pytest.mark.parametrize("answer", [{}, {"requestState": 5}, {"requestState": "x", "pollIntervalMs": "soon"}])
async def test_a_task_without_a_state_to_ask_with_is_refused(answer):
    async def nonsense(_params, _progress):
        return {"resultType": "task", **answer}

    async with serving(nonsense) as (client, _, app):
        assert (await client.begin())["code"] == -32063
        assert len(app.front.tasks) == 0


async def test_guessed_ids_foreign_headers_and_clients_without_tasks_get_nothing(job):
    async with serving(job) as (client, _, _):
        task = (await client.begin())["taskId"]
        assert len(task) >= 32
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            assert (await client.ask(method, "x", taskId="x"))["code"] == -32602
            assert (await client.ask(method, "another", taskId=task))["code"] == -32020
            assert (await client.ask(method, task, capable=False, taskId=task))["code"] == -32021
        assert (await client.get(task))["status"] == "working"
    assert Auth().asks is False


async def test_an_old_task_is_forgotten(job, tmp_path):
    store = Store(tmp_path / "motet.db")
    async with serving(job, store, task_ttl_s=0.2) as (client, _, app):
        task = (await client.begin())["taskId"]
        await until(lambda: len(app.front.tasks) == 0)
        assert (await client.get(task))["code"] == -32602
    async with serving(job, store) as (_, _, app):
        assert len(app.front.tasks) == 0
    store.close()


async def test_a_device_with_many_tasks_that_never_come_to_an_end_costs_no_more_than_their_number(job):
    async with serving(job, task_ttl_s=1) as (client, _, app):
        await asyncio.gather(*(client.begin() for _ in range(50)))
        await until(lambda: len(app.front.tasks) == 0 and not app.front.tasks._runs)


async def test_open_tasks_are_bounded(job, monkeypatch):
    monkeypatch.setattr("motet.gateway.tasks.MOST_OPEN_OF_ONE", 2)
    async with serving(job) as (client, _, _):
        assert [(await client.begin()).get("code") for _ in range(3)] == [None, None, -32052]
