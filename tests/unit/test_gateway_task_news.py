# SPDX-License-Identifier: Apache-2.0
"""notifications/tasks on subscriptions/listen (SEP-2663): the caller's own tasks, as tasks/get would tell them."""

from __future__ import annotations

import asyncio
import contextlib
import json

import httpx2
import pytest
from tests.support.mcp_http import modern_body, modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving
from tests.support.waiting import until

from motet.fleet import RpcError

pytestmark = pytest.mark.anyio
EXTENSION = "io.modelcontextprotocol/tasks"
ABLE = {"elicitation": {}, "extensions": {EXTENSION: {}}}
JOB = {"name": "job", "inputSchema": {"type": "object"}, "execution": {"taskSupport": "optional"}}
YES = {"action": "accept", "content": {}}
FORM = {"mode": "form", "message": "Sure?", "requestedSchema": {"type": "object", "properties": {}}}


class Device:
    """Works until it is let go; then asks twice under the same key, then has a link for a result."""

    def __init__(self):
        self.go, self.answers, self.failing = asyncio.Event(), [], None

    async def __call__(self, params, _progress):
        if self.failing is not None:
            raise self.failing
        if answers := params.get("inputResponses"):
            self.answers.append(sorted(answers))
        if not self.go.is_set():
            return {"resultType": "task", "requestState": "working", "pollIntervalMs": 20}
        if len(self.answers) < 2:
            requests = {"sure": {"method": "elicitation/create", "params": FORM}}
            return {"resultType": "input_required", "inputRequests": requests, "requestState": f"asked{len(self.answers)}"}
        return {"content": [{"type": "resource_link", "uri": "device://log", "name": "log"}]}


def body(method, able=ABLE, **params):
    made = modern_body(method, **params)
    made["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = able
    return made


async def ask(http, url, method, header, **params):
    return (await http.post(url, json=body(method, **params), headers=modern_headers(method, header))).json()["result"]


@contextlib.asynccontextmanager
async def listening(http, url, able=ABLE, **wanted):
    """The frames of a subscriptions/listen stream."""
    request = body("subscriptions/listen", able, notifications=wanted)
    async with http.stream("POST", url, json=request, headers=modern_headers("subscriptions/listen")) as answer:

        async def frames():
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

        yield frames()


@contextlib.asynccontextmanager
async def world():
    device, fleet = Device(), MemoryFleet(MemoryDevice("pump", [JOB]))
    fleet.answers["job"] = device
    async with serving(fleet) as (url, app), httpx2.AsyncClient(timeout=20) as http:
        yield device, url, app, http


async def test_every_change_of_a_task_is_told_as_tasks_get_would():
    async with world() as (device, url, _, http):
        task = (await ask(http, url, "tools/call", "pump.job", name="pump.job", arguments={}))["taskId"]
        async with listening(http, url, taskIds=[task, task], toolsListChanged=True) as frames:
            acknowledged = await anext(frames)
            assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
            assert acknowledged["params"]["notifications"] == {"toolsListChanged": True, "taskIds": [task]}
            told = await anext(frames)
            assert (told["method"], told["params"]["taskId"]) == ("notifications/tasks", task)
            assert told["params"]["status"] == "working"
            assert told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == 1
            device.go.set()
            for key in ("sure", "sure-1"):
                wants = (await anext(frames))["params"]
                assert (wants["status"], list(wants["inputRequests"])) == ("input_required", [key])
                await ask(http, url, "tasks/update", task, taskId=task, inputResponses={key: YES})
                assert (await anext(frames))["params"]["status"] == "working"
            done = (await anext(frames))["params"]
            assert done["result"]["content"][0]["uri"] == "motet://pump/device/log"
            found = await ask(http, url, "tasks/get", task, taskId=task)
            assert {**done, "resultType": "complete", "_meta": None} == {**found, "_meta": None}
        # The device has heard of its own key alone.
        assert device.answers == [["sure"], ["sure"]]


async def test_a_task_that_has_ended_is_told_at_once_and_one_that_fails_says_why():
    async with world() as (device, url, _, http):
        tasks = [(await ask(http, url, "tools/call", "pump.job", name="pump.job", arguments={}))["taskId"] for _ in range(2)]
        await ask(http, url, "tasks/cancel", tasks[0], taskId=tasks[0])
        async with listening(http, url, taskIds=tasks) as frames:
            await anext(frames)
            assert [(await anext(frames))["params"]["status"] for _ in tasks] == ["cancelled", "working"]
            device.failing = RpcError("pump", -32055, "no such valve")
            failed = (await anext(frames))["params"]
            assert (failed["taskId"], failed["status"], failed["error"]["code"]) == (tasks[1], "failed", -32055)
            assert "no such valve" in failed["statusMessage"]


async def test_tasks_of_nobody_are_left_out_and_clients_without_tasks_are_told_what_is_missing():
    async with world() as (_, url, app, http):
        async with listening(http, url, taskIds=["guessed"]) as frames:
            assert (await anext(frames))["params"]["notifications"] == {}
        await until(lambda: len(app.front.hub) == 0)
        headers = modern_headers("subscriptions/listen")
        for able, wanted, code in (
            ({}, ["guessed"], -32021),
            (ABLE, "guessed", -32602),
            (ABLE, [5], -32602),
            (ABLE, ["x"] * 257, -32602),
        ):
            request = body("subscriptions/listen", able, notifications={"taskIds": wanted})
            answer = (await http.post(url, json=request, headers=headers)).text
            error = json.loads(answer[answer.index("{") :])["error"]
            assert error["code"] == code
        assert len(app.front.hub) == 0
