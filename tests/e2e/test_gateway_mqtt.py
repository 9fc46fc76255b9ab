# SPDX-License-Identifier: Apache-2.0
"""MCP client over real HTTP, gateway, real broker, simulated device: what agents see when devices and brokers misbehave."""

from __future__ import annotations

import asyncio
import contextlib

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.subscriptions import ToolsListChanged
from mcp.shared.exceptions import MCPError
from tests.support.memory_fleet import ADD, serving
from tests.support.sim_device import ECHO, SimDevice
from tests.support.waiting import until

from motet.bus import Bus, broker
from motet.fleet import Fleet

pytestmark = pytest.mark.anyio
REALM = "test"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(params=["auto", "legacy"])
def era(request):
    return request.param


class World:
    """One broker, one gateway, devices on demand."""

    def __init__(self, engine, fleet, url):
        self.broker, self.fleet, self.url = engine, fleet, url
        self.devices = []

    async def device(self, device_id="pump", **settings):
        """A device whose tools the gateway knows."""
        device = await SimDevice(self.broker.url, REALM, device_id, **settings).start()
        self.devices.append(device)
        await until(lambda: (known := self.fleet.get(device_id)) is not None and known.online and known.tools)
        return device


@contextlib.asynccontextmanager
async def world(**settings):
    with broker.start() as engine:
        async with contextlib.AsyncExitStack() as stack:
            bus = await Bus.connect(engine.url, "gateway-test")
            stack.push_async_callback(bus.close)
            fleet = Fleet(bus, REALM)
            await fleet.start()
            stack.push_async_callback(fleet.close)
            url, _ = await stack.enter_async_context(serving(fleet, **settings))
            made = World(engine, fleet, url)
            yield made
            await asyncio.gather(*(device.bus.close() for device in made.devices))


def silent(_name, _arguments):
    return None


def withdrawn(device):
    """The ids of requests that the device was told to give up."""
    return [m["params"]["requestId"] for m in device.requests if m["method"] == "notifications/cancelled"]


def called(device):
    return [message for message in device.requests if message["method"] == "tools/call"]


async def error_of(call):
    with pytest.raises(MCPError) as caught:
        await call
    return caught.value.error


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


async def in_mid_call(w, client, device, happens):
    """The error of a call during which `happens()`."""
    call = asyncio.create_task(error_of(client.call_tool("pump.sim.echo", {"text": "x"})))
    await until(lambda: called(device))
    outcome = happens()
    if asyncio.iscoroutine(outcome):
        await outcome
    async with asyncio.timeout(10):
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
    async with world(call_timeout_s=8) as w, Client(w.url) as client:
        device = await w.device(handler=silent)
        port = int(w.broker.url.rsplit(":", 1)[1])
        call = asyncio.create_task(client.call_tool("pump.sim.echo", {"text": "x"}))
        await until(lambda: called(device))
        device.handler = lambda _name, arguments: {"content": [{"type": "text", "text": arguments["text"]}]}
        w.broker.kill()
        with broker.start(port=port):
            async with asyncio.timeout(15):
                assert (await call).content[0].text == "x"


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
    async with world(calls_at_once=1, calls_waiting=1, call_timeout_s=1) as w, Client(w.url) as client:
        device = await w.device(handler=silent)
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
