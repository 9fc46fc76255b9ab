# SPDX-License-Identifier: Apache-2.0
"""Fleets whose list of tools fits no context: search, describe and call instead, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json

import anyio
import pytest
from mcp import Client
from mcp.client.subscriptions import ToolsListChanged
from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet, serving, text

pytestmark = pytest.mark.anyio
READ = {"name": "temperature.read", "description": "Reads the water temperature.", "inputSchema": {"type": "object"}}
OPEN = {"name": "valve.open", "title": "Open the valve", "description": "Lets water through.", "inputSchema": {"type": "object"}}


async def answer(params, _progress):
    return text(params["name"])


@contextlib.asynccontextmanager
async def gateway(pumps=3, **settings):
    devices = [MemoryDevice(f"pump-{n}", [READ, ADD]) for n in range(pumps)] + [MemoryDevice("gate", [OPEN], board="rp2040")]
    fleet = MemoryFleet(*devices)
    fleet.answers.update(dict.fromkeys(("temperature.read", "valve.open"), answer))
    async with serving(fleet, **settings) as (url, app), Client(url) as client:
        yield fleet, app, client


async def found(client, query, **more):
    return (await client.call_tool("fleet.search", {"query": query, **more})).structured_content["matches"]


async def test_a_short_list_is_told_whole():
    async with gateway() as (_, _, client):
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == ["gate.valve.open", *(f"pump-{n}.{tool}" for n in range(3) for tool in ("math.add", "temperature.read"))]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_list_that_is_too_long_is_three_tools_that_are_always_the_same(mode):
    fleet = MemoryFleet(*(MemoryDevice(f"d{n}") for n in range(20)))
    async with serving(fleet, list_up_to=10) as (url, _), Client(url, mode=mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == ["fleet.call", "fleet.describe", "fleet.search"]


async def test_equal_devices_are_one_match():
    async with gateway(pumps=1000, list_up_to=10) as (_, _, client):
        (match,) = await found(client, "water temperature", limit=1)
        assert (match["tool"], match["devices"], len(match["examples"])) == ("pump-0.temperature.read", 1000, 5)


async def test_words_of_tools_boards_and_devices_find_them():
    async with gateway() as (_, _, client):
        assert (await found(client, "open"))[0]["tool"] == "gate.valve.open"
        assert (await found(client, "RP2040"))[0]["board"] == "rp2040"
        assert {match["tool"].partition(".")[0] for match in await found(client, "gate")} == {"gate"}
        assert await found(client, "nonsense") == []
        assert len(await found(client, "")) == 3


async def test_what_was_found_can_be_described_and_called():
    async with gateway(list_up_to=0) as (_, _, client):
        (match, *_) = await found(client, "temperature")
        told = (await client.call_tool("fleet.describe", {"name": match["tool"]})).structured_content["tool"]
        assert told["inputSchema"] == {"type": "object"}
        called = await client.call_tool("fleet.call", {"tool": match["tool"], "arguments": {}})
        assert called.structured_content == {"result": "temperature.read"}
        device = (await client.call_tool("fleet.describe", {"name": "gate"})).structured_content["device"]
        assert (device["board"], device["tools"]) == ("rp2040", ["valve.open"])


async def test_wrong_names_and_arguments_are_tool_errors_that_say_what_to_do():
    async with gateway(list_up_to=0) as (_, _, client):
        for tool, arguments, says in (
            ("fleet.describe", {"name": "nobody"}, "fleet.search"),
            ("fleet.call", {"tool": "nobody.x"}, "fleet.search"),
            ("fleet.call", {"tool": "fleet.search"}, "fleet.search"),
            ("fleet.call", {"tool": "pump-0.math.add", "arguments": {"a": "x", "b": 1}}, "a"),
            ("fleet.search", {"limit": 0}, "limit"),
            ("fleet.search", {"query": 5}, "query"),
        ):
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert says in result.content[0].text


async def test_a_list_that_stays_too_long_is_never_announced_as_changed():
    fleet = MemoryFleet(*(MemoryDevice(f"d{n}") for n in range(20)))
    async with (
        serving(fleet, list_up_to=10) as (url, app),
        Client(url) as client,
        client.listen(tools_list_changed=True) as events,
    ):
        fleet.put(MemoryDevice("another"))
        with anyio.move_on_after(1) as quiet:
            await anext(events)
        assert quiet.cancelled_caught
        assert len(app.front.catalogue) == 21


async def test_a_list_that_becomes_short_again_is_announced():
    fleet = MemoryFleet(*(MemoryDevice(f"d{n}") for n in range(3)))
    async with serving(fleet, list_up_to=2) as (url, _), Client(url) as client, client.listen(tools_list_changed=True) as events:
        fleet.put(MemoryDevice("d0", online=False))
        assert isinstance(await anext(events), ToolsListChanged)
        assert [tool.name for tool in (await client.list_tools()).tools] == ["d1.math.add", "d2.math.add"]


async def test_ten_thousand_devices_fit_a_small_answer():
    async with gateway(pumps=10_000, list_up_to=256) as (_, _, client):
        listed = (await client.list_tools()).model_dump_json()
        result = await client.call_tool("fleet.search", {"query": "water"})
        assert len(listed) < 4096
        assert len(json.dumps(result.structured_content)) < 4096
        await asyncio.sleep(0)
