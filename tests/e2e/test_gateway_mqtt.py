# SPDX-License-Identifier: Apache-2.0
"""MCP client over real HTTP, gateway, real broker, simulated device: what agents see."""

from __future__ import annotations

import asyncio

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.subscriptions import ToolsListChanged
from tests.support.gateway_world import called, error_of, silent, withdrawn, world
from tests.support.memory_fleet import ADD
from tests.support.sim_device import ECHO
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["auto", "legacy"])
def era(request):
    return request.param


async def test_an_agent_lists_and_calls_tools_of_several_devices(era):
    async with world() as w, Client(w.url, mode=era) as client:
        await w.device("pump")
        await w.device("valve")
        assert [tool.name for tool in (await client.list_tools()).tools] == ["pump.sim.echo", "valve.sim.echo"]
        result = await client.call_tool("valve.sim.echo", {"text": "hello"})
        assert result.content[0].text == "hello"
        assert result.structured_content == {"text": "hello"}


async def test_the_request_on_the_wire_carries_nothing_the_device_does_not_need():
    async with world() as w, Client(w.url) as client:
        device = await w.device()
        await client.call_tool("pump.sim.echo", {"text": "hello"})
        assert called(device)[0]["params"] == {"name": "sim.echo", "arguments": {"text": "hello"}}


async def test_a_listening_client_hears_of_arrival_new_tools_and_departure():
    async with world() as w, Client(w.url) as client, client.listen(tools_list_changed=True) as events:
        device = await w.device()
        assert isinstance(await anext(events), ToolsListChanged)
        device.tools.append(ADD)
        device.announce()
        assert isinstance(await anext(events), ToolsListChanged)
        assert [tool.name for tool in (await client.list_tools()).tools] == ["pump.math.add", "pump.sim.echo"]
        await device.stop()
        assert isinstance(await anext(events), ToolsListChanged)
        assert (await client.list_tools()).tools == []


async def test_wrong_arguments_are_told_to_the_model_and_do_not_reach_the_device(era):
    async with world() as w, Client(w.url, mode=era) as client:
        device = await w.device()
        result = await client.call_tool("pump.sim.echo", {"text": 7})
        assert result.is_error
        assert "argument text" in result.content[0].text
        assert called(device) == []


async def test_no_answer_in_time_is_an_error_and_the_device_is_told_to_stop(era):
    async with world(call_timeout_s=0.3) as w, Client(w.url, mode=era) as client:
        device = await w.device(handler=silent)
        error = await error_of(client.call_tool("pump.sim.echo", {"text": "x"}))
        assert error.code == -32061
        assert "pump" in error.message
        assert error.data == {"device": "pump", "tool": "pump.sim.echo"}
        await until(lambda: withdrawn(device) == [called(device)[0]["id"]])


async def test_a_client_that_gives_up_stops_the_device(era):
    async with world() as w, Client(w.url, mode=era) as client:
        device = await w.device(handler=silent)
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "pump.sim.echo", {"text": "x"})
            await until(lambda: called(device))
            group.cancel_scope.cancel()
        await until(lambda: withdrawn(device) == [called(device)[0]["id"]])


async def test_progress_on_the_way_reaches_the_client(era):
    async with world() as w, Client(w.url, mode=era) as client:
        device = await w.device(handler=silent)
        seen = []

        async def on_progress(done, total, message):
            seen.append((done, total, message))

        call = asyncio.create_task(client.call_tool("pump.sim.echo", {"text": "x"}, progress_callback=on_progress))
        await until(lambda: called(device))
        request = called(device)[0]
        token = request["params"]["_meta"]["progressToken"]
        progress = {"progressToken": token, "progress": 1, "total": 2, "message": "half"}
        device.send(w.fleet.gateway_id, {"jsonrpc": "2.0", "method": "notifications/progress", "params": progress})
        await until(lambda: seen == [(1, 2, "half")])
        device.send(w.fleet.gateway_id, {"jsonrpc": "2.0", "id": request["id"], "result": {"content": []}})
        assert not (await call).is_error


async def test_large_arguments_and_results_travel_in_blocks():
    async with world() as w, Client(w.url) as client:
        await w.device(limit=256, max_total=8192)
        result = await client.call_tool("pump.sim.echo", {"text": "x" * 5000})
        assert result.structured_content == {"text": "x" * 5000}


async def test_more_than_the_device_can_take_is_refused_with_both_figures():
    async with world() as w, Client(w.url) as client:
        await w.device(limit=256, max_total=1024)
        error = await error_of(client.call_tool("pump.sim.echo", {"text": "x" * 5000}))
        assert error.code == -32056
        assert "1024" in error.message


async def test_many_calls_at_once_take_turns_on_a_device():
    async with world(calls_at_once=2) as w, Client(w.url) as client:
        device = await w.device(handler=silent)
        calls = [asyncio.create_task(client.call_tool("pump.sim.echo", {"text": str(n)})) for n in range(10)]
        for number in range(10):
            await until(lambda number=number: len(called(device)) > number)
            request = called(device)[number]
            assert len(called(device)) <= number + 2
            result = {"content": [{"type": "text", "text": request["params"]["arguments"]["text"]}]}
            device.send(w.fleet.gateway_id, {"jsonrpc": "2.0", "id": request["id"], "result": result})
        assert [answer.content[0].text for answer in await asyncio.gather(*calls)] == [str(n) for n in range(10)]


async def test_more_calls_than_may_wait_are_refused_as_busy():
    async with world(calls_at_once=1, calls_waiting=1, call_timeout_s=3) as w, Client(w.url) as client:
        await w.device(handler=silent)
        calls = [asyncio.create_task(client.call_tool("pump.sim.echo", {"text": "x"})) for _ in range(3)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert sorted(result.error.code for result in results) == [-32061, -32061, -32052]


async def test_metrics_and_devices_tell_of_it():
    async with world() as w, Client(w.url) as client, httpx2.AsyncClient(base_url=w.url.removesuffix("/mcp")) as http:
        device = await w.device(tools=(ECHO, ADD))
        await client.call_tool("pump.sim.echo", {"text": "x"})
        assert 'motet_tool_calls_total{device="pump",outcome="ok",tool="sim.echo"} 1.0' in (await http.get("/metrics")).text
        described = (await http.get("/api/v1/devices/pump")).json()
        assert described["boot_nonce"] == device.nonce.hex()
        assert described["tools"] == ["sim.echo", "math.add"]
        assert described["link"] == {"limit": 512, "max_total": 8192}
