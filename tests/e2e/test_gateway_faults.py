# SPDX-License-Identifier: Apache-2.0
"""What agents see when devices and brokers misbehave: an answer or a typed error, in time."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from mcp import Client
from tests.support.gateway_world import called, error_of, silent, world
from tests.support.waiting import until

from motet.bus import broker

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["auto", "legacy"])
def era(request):
    return request.param


async def in_mid_call(w, client, device, happens):
    """The error of a call during which `happens()`."""
    call = asyncio.create_task(error_of(client.call_tool("pump.sim.echo", {"text": "x"})))
    await until(lambda: called(device))
    outcome = happens()
    if asyncio.iscoroutine(outcome):
        await outcome
    async with asyncio.timeout(30):
        return await call


async def test_a_device_that_leaves_in_mid_call_ends_it_at_once(era):
    async with world() as w, Client(w.url, mode=era) as client:
        device = await w.device(handler=silent)
        error = await in_mid_call(w, client, device, device.stop)
        assert (error.code, error.data) == (-32060, {"device": "pump", "tool": "pump.sim.echo"})
        assert (await error_of(client.call_tool("pump.sim.echo", {"text": "x"}))).code == -32060


async def test_a_device_that_restarts_in_mid_call_ends_it_at_once(era):
    async with world() as w, Client(w.url, mode=era) as client:
        device = await w.device(handler=silent)
        error = await in_mid_call(w, client, device, device.reboot)
        assert error.code == -32062
        device.handler = lambda _name, _arguments: {"content": []}
        assert not (await client.call_tool("pump.sim.echo", {"text": "x"})).is_error


async def test_an_answer_for_another_device_or_nobody_changes_nothing():
    async with world() as w, Client(w.url) as client:
        device = await w.device(handler=silent)
        other = await w.device("other")
        call = asyncio.create_task(client.call_tool("pump.sim.echo", {"text": "x"}))
        await until(lambda: called(device))
        wanted = called(device)[0]["id"]
        forged = {"content": [{"type": "text", "text": "forged"}]}
        other.send(w.fleet.gateway_id, {"jsonrpc": "2.0", "id": wanted, "result": forged})
        device.send(w.fleet.gateway_id, {"jsonrpc": "2.0", "id": wanted + 1000, "result": forged})
        await until(lambda: w.fleet.counters().get("answers_foreign") == 1 and w.fleet.counters().get("answers_unknown") == 1)
        device.send(
            w.fleet.gateway_id, {"jsonrpc": "2.0", "id": wanted, "result": {"content": [{"type": "text", "text": "true"}]}}
        )
        assert (await call).content[0].text == "true"


async def test_an_answer_that_is_no_result_names_the_device(era):
    async with world() as w, Client(w.url, mode=era) as client:
        await w.device(handler=lambda _name, _arguments: {"content": "no list"})
        error = await error_of(client.call_tool("pump.sim.echo", {"text": "x"}))
        assert error.code == -32063
        assert "pump" in error.message


async def test_a_broker_that_dies_and_comes_back_loses_no_call_and_is_reported_meanwhile():
    async with world() as w, Client(w.url) as client, httpx2.AsyncClient(base_url=w.url.removesuffix("/mcp")) as http:
        await w.device()
        port = int(w.broker.url.rsplit(":", 1)[1])
        w.broker.kill()
        await until(lambda: w.fleet.unavailable)
        health = await http.get("/healthz")
        assert health.status_code == 503
        assert str(port) in health.json()["reason"]
        error = await error_of(client.call_tool("pump.sim.echo", {"text": "x"}))
        assert error.code == -32064
        with broker.start(port=port):
            await until(lambda: w.fleet.unavailable is None)
            assert (await client.call_tool("pump.sim.echo", {"text": "again"})).content[0].text == "again"
            assert (await http.get("/healthz")).status_code == 200


async def test_calls_under_way_while_the_broker_restarts_end_with_answer_or_error():
    async with world(call_timeout_s=30) as w, Client(w.url) as client:
        device = await w.device(handler=silent)
        port = int(w.broker.url.rsplit(":", 1)[1])
        call = asyncio.create_task(client.call_tool("pump.sim.echo", {"text": "x"}))
        await until(lambda: called(device))
        device.handler = lambda _name, arguments: {"content": [{"type": "text", "text": arguments["text"]}]}
        w.broker.kill()
        with broker.start(port=port):
            async with asyncio.timeout(40):
                assert (await call).content[0].text == "x"
