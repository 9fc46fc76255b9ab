# SPDX-License-Identifier: Apache-2.0
"""tools/call over real HTTP with the SDK's client, in both eras: results, errors, progress, cancellation."""

from __future__ import annotations

import asyncio
import json

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from tests.support.mcp_http import modern_call
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, add, serving, text
from tests.support.waiting import until

from motet.fleet import BadAnswer, BusDown, DeviceOffline, DeviceRestarted, DeviceTimeout, RpcError

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["auto", "legacy"])
def era(request):
    return request.param


@pytest.fixture
def fleet():
    return MemoryFleet(MemoryDevice("pump"), MemoryDevice("valve"))


def answering(fleet, result):
    async def answer(_params, _progress):
        if isinstance(result, Exception):
            raise result
        return result

    fleet.answers["math.add"] = answer


async def waits(_params, _progress):
    await asyncio.Event().wait()


async def test_tools_of_all_devices_are_listed_and_callable(fleet, era):
    async with serving(fleet, page_size=1) as (url, _), Client(url, mode=era) as client:
        first = await client.list_tools()
        second = await client.list_tools(cursor=first.next_cursor)
        assert [tool.name for tool in first.tools + second.tools] == ["pump.math.add", "valve.math.add"]
        assert second.next_cursor is None
        result = await client.call_tool("valve.math.add", {"a": 2, "b": 40})
        assert result.structured_content == {"result": 42}


async def test_the_device_gets_the_tool_under_its_own_name_and_no_meta(fleet, era):
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        await client.call_tool("pump.math.add", {"a": 1, "b": 2})
    assert fleet.calls == [("pump", "tools/call", {"name": "math.add", "arguments": {"a": 1, "b": 2}})]


async def test_a_trace_context_travels_to_the_device(fleet):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with serving(fleet) as (url, _), Client(url) as client:
        await client.call_tool("pump.math.add", {"a": 1, "b": 2}, meta={"traceparent": trace, "baggage": "user=alice"})
    assert fleet.calls[0][2]["_meta"] == {"traceparent": trace}


@pytest.mark.parametrize("trace", [7, {"a": 1}, "x" * 1000])
async def test_a_trace_context_that_is_none_stays_here(fleet, trace):
    request = modern_call("pump.math.add", {"a": 1, "b": 2})
    request["json"]["params"]["_meta"]["traceparent"] = trace
    async with serving(fleet) as (url, _), httpx2.AsyncClient() as http:
        await http.post(url, **request)
    assert all("_meta" not in params for _, _, params in fleet.calls)


async def test_wrong_arguments_are_a_tool_error_naming_the_field_and_never_reach_the_device(fleet, era):
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        result = await client.call_tool("pump.math.add", {"a": "two", "b": 40})
    assert result.is_error
    assert result.content[0].text == "argument a: 'two' is not of type 'integer'"
    assert fleet.calls == []


@pytest.mark.parametrize("name", ["pump.none", "nobody.math.add", "math.add", "", "pump.", "ü" * 40])
async def test_an_unknown_tool_is_invalid_params(fleet, era, name):
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool(name, {})
    assert caught.value.code == -32602
    assert f"Unknown tool: {name}" in str(caught.value)


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        (DeviceOffline("pump", "device pump is gone: power lost"), -32060, "device pump is gone: power lost"),
        (DeviceTimeout("pump", "device pump did not answer in time"), -32061, "device pump did not answer in time"),
        (DeviceRestarted("pump", "device pump booted again: watchdog"), -32062, "device pump booted again: watchdog"),
        (BadAnswer("pump", "device pump answered with neither"), -32063, "device pump answered with neither"),
        (BusDown("pump", "mqtt://me:hunter2@broker does not answer"), -32064, "mqtt://me:***@broker does not answer"),
        (RpcError("pump", -32053, "needs 4096 bytes, 100 are free"), -32053, "device pump: needs 4096 bytes, 100 are free"),
        (RpcError("pump", -32000, "x" * 5000), -32000, "device pump: xxx"),
    ],
)
async def test_a_call_that_could_not_be_carried_out_is_an_error_that_says_what_and_where(fleet, era, raised, code, says):
    answering(fleet, raised)
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("pump.math.add", {"a": 1, "b": 2})
    assert caught.value.code == code
    assert says in str(caught.value)
    assert len(str(caught.value)) < 400
    assert caught.value.error.data == {"device": "pump", "tool": "pump.math.add"}


async def test_a_device_known_but_not_there_is_offline_rather_than_unknown(fleet, era):
    fleet.get("pump").online = False
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("pump.math.add", {"a": 1, "b": 2})
    assert caught.value.code == -32060


async def test_a_fault_of_the_gateway_tells_the_client_nothing_of_its_inside(fleet, era):
    answering(fleet, RuntimeError("secret path /etc/motet"))
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("pump.math.add", {"a": 1, "b": 2})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"content": "text"},
        {"content": [{"type": "nonsense"}]},
        {"content": [7]},
        {"content": [], "isError": "perhaps"},
        {"tools": []},
    ],
)
async def test_an_answer_that_is_no_result_is_the_devices_fault_and_says_so(fleet, era, answer):
    answering(fleet, answer)
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("pump.math.add", {"a": 1, "b": 2})
    assert caught.value.code == -32063
    assert "device pump" in str(caught.value)


@pytest.mark.parametrize("value", [None, 3, [1, None], {"a": None}])
async def test_structured_content_arrives_as_it_is_and_older_clients_get_objects_only(fleet, era, value):
    answering(fleet, {"content": [], "structuredContent": value})
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        result = await client.call_tool("pump.math.add", {"a": 1, "b": 2})
    assert result.structured_content == (value if era == "auto" or isinstance(value, dict) else None)


async def test_progress_of_the_device_reaches_the_client(fleet, era):
    async def steps(params, progress):
        for step in (1, 2):
            await progress(step, 2, f"step {step}")
        return text("done")

    fleet.answers["math.add"] = steps
    seen = []

    async def on_progress(progress, total, message):
        seen.append((progress, total, message))

    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        await client.call_tool("pump.math.add", {"a": 1, "b": 2}, progress_callback=on_progress)
        await until(lambda: len(seen) == 2)
    assert seen == [(1, 2, "step 1"), (2, 2, "step 2")]


async def test_more_values_than_fit_the_device_are_refused_before_they_are_checked(fleet, era):
    fleet.get("pump").max_total = 100
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        result = await client.call_tool("pump.math.add", {"a": 1, "b": 2, "c": [0] * 100})
    assert result.is_error and result.content[0].text.startswith("arguments: more values than fit the 100 bytes")
    assert fleet.calls == []


async def test_a_client_that_gives_up_cancels_the_call_on_the_device(fleet, era):
    fleet.answers["math.add"] = waits
    async with serving(fleet) as (url, _), Client(url, mode=era) as client:
        with anyio.move_on_after(30) as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "pump.math.add", {"a": 1, "b": 2})
                await fleet.called.wait()
                group.cancel_scope.cancel()
            await until(lambda: fleet.cancelled == ["pump"])
        assert not scope.cancelled_caught
        fleet.answers["math.add"] = add
        assert (await client.call_tool("valve.math.add", {"a": 1, "b": 2})).structured_content == {"result": 3}


async def test_closing_the_connection_of_a_plain_json_call_cancels_it(fleet):
    fleet.answers["math.add"] = waits
    async with serving(fleet) as (url, _), httpx2.AsyncClient() as http:
        call = asyncio.create_task(http.post(url, **modern_call("pump.math.add", {"a": 1, "b": 2})))
        await fleet.called.wait()
        call.cancel()
        await until(lambda: fleet.cancelled == ["pump"])


@pytest.mark.parametrize("progress", [{}, {"progressToken": 1}], ids=["json", "stream"])
async def test_calls_in_flight_are_withdrawn_and_answered_so_when_the_gateway_stops(fleet, progress):
    fleet.answers["math.add"] = waits
    request = modern_call("pump.math.add", {"a": 1, "b": 2})
    request["json"]["params"]["_meta"] |= progress
    async with httpx2.AsyncClient() as http:
        async with serving(fleet, drain_s=0.1) as (url, _):
            call = asyncio.create_task(http.post(url, **request))
            await fleet.called.wait()
        assert fleet.cancelled == ["pump"]
        assert (await call).json()["error"]["code"] == -32065


async def test_calls_in_flight_that_end_soon_are_answered_when_the_gateway_stops(fleet):
    release = asyncio.Event()

    async def soon(_params, _progress):
        await release.wait()
        return text("done")

    fleet.answers["math.add"] = soon
    async with httpx2.AsyncClient() as http:
        async with serving(fleet, drain_s=20) as (url, _):
            call = asyncio.create_task(http.post(url, **modern_call("pump.math.add", {"a": 1, "b": 2})))
            await fleet.called.wait()
            asyncio.get_running_loop().call_later(0.05, release.set)
        assert json.loads((await call).text)["result"]["structuredContent"] == {"result": "done"}
