# SPDX-License-Identifier: Apache-2.0
"""What devices logged, over HTTP: the backlog, the stream that follows, readers that leave or fall behind."""

from __future__ import annotations

import asyncio
import contextlib
import json

import httpx2
import pytest
from tests.support.memory_fleet import MemoryDevice, MemoryFleet
from tests.support.waiting import until
from typer.testing import CliRunner

from motet.cli.main import app
from motet.fleet import Event
from motet.gateway import devicelogs
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.server import listening
from motet.observe import Metrics

pytestmark = pytest.mark.anyio
PATH = "/api/v1/logs"


class World:
    """A gateway with two devices that say things."""

    def __init__(self):
        self.fleet = MemoryFleet(MemoryDevice("pump"), MemoryDevice("valve"))
        self.logs = devicelogs.DeviceLogs(self.fleet)

    def say(self, text, device="pump", **params):
        for listener in tuple(self.fleet._listeners):
            listener(Event("message", self.fleet.get(device), data={"level": "warning", "data": text, **params}))

    @property
    def readers(self):
        return len(self.logs._readers)

    @contextlib.asynccontextmanager
    async def serving(self):
        options = Options(port=0, drain_s=0.5)
        app = GatewayApp(self.fleet, Metrics(), options, self.logs.routes())
        async with listening(app, options) as url, httpx2.AsyncClient(base_url=url.removesuffix("/mcp"), timeout=20) as http:
            yield http


@pytest.fixture
def world():
    return World()


async def texts(http, **params):
    answer = await http.get(PATH, params=params)
    return [json.loads(line)["text"] for line in answer.text.splitlines()]


async def test_a_record_has_time_device_level_and_text(world):
    world.say("dry")
    async with world.serving() as http:
        answer = await http.get(PATH)
    record = json.loads(answer.text)
    assert {key: record[key] for key in ("device", "level", "text")} == {"device": "pump", "level": "warning", "text": "dry"}
    assert record["time"].endswith("+00:00")


async def test_the_backlog_comes_oldest_first_and_of_one_device_on_request(world):
    for device, text in (("pump", "a"), ("valve", "b"), ("pump", "c")):
        world.say(text, device)
    async with world.serving() as http:
        assert await texts(http) == ["a", "b", "c"]
        assert await texts(http, device="pump") == ["a", "c"]
        assert await texts(http, device="nobody") == []


async def test_of_a_long_history_the_latest_records_are_kept(world):
    for number in range(devicelogs.KEPT + 5):
        world.say(str(number))
    async with world.serving() as http:
        told = await texts(http)
    assert (len(told), told[0], told[-1]) == (devicelogs.KEPT, "5", str(devicelogs.KEPT + 4))


@pytest.mark.parametrize("text", [{"a": 1}, None, 7, [b"raw"], "line\nbreak", "\ud800", "\x1b[2J", float("nan")])
async def test_whatever_a_device_says_is_one_line_of_ascii(world, text):
    world.say(text)
    async with world.serving() as http:
        answer = await http.get(PATH)
    assert answer.content.isascii() and answer.content.count(b"\n") == 1
    assert isinstance(json.loads(answer.content)["text"], str)


async def test_a_follower_gets_the_backlog_and_then_what_comes(world):
    world.say("before")
    async with world.serving() as http, http.stream("GET", PATH, params={"follow": "1", "device": "pump"}) as answer:
        told = answer.aiter_lines()
        assert json.loads(await anext(told))["text"] == "before"
        world.say("unheard", "valve")
        world.say("after")
        assert json.loads(await anext(told))["text"] == "after"


async def test_a_follower_that_goes_away_is_forgotten(world):
    async with world.serving() as http:
        async with http.stream("GET", PATH, params={"follow": "1"}):
            await until(lambda: world.readers == 1)
        await until(lambda: world.readers == 0)


async def test_closing_ends_the_streams_of_followers(world):
    async with world.serving() as http, http.stream("GET", PATH, params={"follow": "1"}) as answer:
        await until(lambda: world.readers == 1)
        world.logs.close()
        assert [line async for line in answer.aiter_lines()] == []
    assert world.readers == 0


async def test_a_follower_that_is_far_behind_loses_the_oldest_records(world):
    stream = world.logs._lines(devicelogs.Filter(), follow=True)
    world.say("first")
    assert b"first" in await anext(stream)
    for number in range(devicelogs.BACKLOG + 3):
        world.say(str(number))
    assert json.loads(await anext(stream))["text"] == "3"
    await stream.aclose()


async def test_other_events_of_the_fleet_are_no_log_records(world):
    world.fleet.put(MemoryDevice("new"))
    async with world.serving() as http:
        assert await texts(http) == []


async def test_component_level_and_time_narrow_and_the_command_says_them(world):
    for text, level, logger in (("a", "debug", "vote"), ("b", "error", "vote"), ("c", "critical", None), ("d", "odd", "other")):
        world.say(text, level=level, logger=logger)
    async with world.serving() as http:
        assert await texts(http, component="vote") == ["a", "b"]
        assert await texts(http, level="error") == ["b", "c", "d"]
        assert await texts(http, level="error", component="vote") == ["b"]
        assert (
            await texts(http, since="2100-01-01T00:00") == [] and len(await texts(http, since="2000-01-01T00:00:00+02:00")) == 4
        )
        arguments = [
            "logs",
            "--component",
            "vote",
            "--level",
            "warning",
            "--since",
            "10m",
            "-o",
            "json",
            "--gateway",
            str(http.base_url),
        ]
        done = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["b"]


@pytest.mark.parametrize(
    "params", [{"level": "loud"}, {"level": ""}, {"since": "yesterday"}, {"since": "9" * 100}, {"level": "\x1b[31m"}]
)
async def test_filters_that_mean_nothing_are_refused(world, params):
    async with world.serving() as http:
        assert (await http.get(PATH, params=params)).status_code == 400


@pytest.mark.parametrize("text", ["soon", "10", "10y", "999999999d", "", "-1s"])
def test_a_time_that_is_none_is_wrong_usage(text):
    done = CliRunner().invoke(app, ["logs", f"--since={text}", "--gateway", "http://127.0.0.1:9"])
    assert done.exit_code == (2 if text else 3)
