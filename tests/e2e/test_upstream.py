# SPDX-License-Identifier: Apache-2.0
"""Other MCP servers as devices: a program, an endpoint, another gateway, servers on MCP over MQTT. All real ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import paho.mqtt.client as paho
import pytest
from mcp import Client, StdioServerParameters
from paho.mqtt.enums import CallbackAPIVersion
from tests.support.gateway_world import REALM, world
from tests.support.waiting import until

from motet.bus.url import BrokerUrl
from motet.config.beyond import Upstream
from motet.fleet import RpcError
from motet.upstream import StandIn, configured
from motet.upstream.keeper import Keeper
from motet.upstream.mqtt_servers import MqttServers, device_id
from motet.upstream.mqtt_transport import ServerName, mqtt_transport
from motet.upstream.server import Target

pytestmark = pytest.mark.anyio

PROGRAM = '''
import asyncio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("calculator", version="2.1")

@server.tool()
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b

@server.tool()
async def slow(ctx: Context) -> str:
    """Reports and waits."""
    await ctx.report_progress(1, 2, "half")
    await asyncio.sleep(600)
    return "done"

@server.tool()
def broken() -> str:
    """Fails."""
    raise ValueError("no luck")

server.run()
'''


@contextlib.asynccontextmanager
async def keeping(*keepers: Any):
    tasks = [asyncio.create_task(keeper.run()) for keeper in keepers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def calculator(w: Any, **settings: Any) -> Keeper:
    program = StdioServerParameters(command=sys.executable, args=["-c", PROGRAM])
    return Keeper(w.broker.url, REALM, "calc", lambda: Target(program), **settings)


def there(w: Any, name: str) -> Any:
    known = w.fleet.get(name)
    return known is not None and known.online and known.tools


async def test_the_tools_of_a_program_are_tools_of_a_device():
    async with world() as w, keeping(calculator(w)), Client(w.url) as client:
        await until(lambda: there(w, "calc"), 30)
        assert [tool.name for tool in (await client.list_tools()).tools] == ["calc.add", "calc.broken", "calc.slow"]
        result = await client.call_tool("calc.add", {"a": 2, "b": 40})
        assert result.structured_content == {"result": 42}
        assert w.fleet.get("calc").firmware == "calculator 2.1"
        failed = await client.call_tool("calc.broken", {})
        assert failed.is_error and "broken" in failed.content[0].text


async def test_progress_comes_through_and_a_cancelled_call_ends():
    async with world() as w, keeping(calculator(w)), Client(w.url) as client:
        await until(lambda: there(w, "calc"), 30)
        told = asyncio.Event()

        async def progress(done: float, total: float | None, message: str | None) -> None:
            assert (done, total, message) == (1, 2, "half")
            told.set()

        call = asyncio.create_task(client.call_tool("calc.slow", {}, progress_callback=progress))
        await asyncio.wait_for(told.wait(), 30)
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        assert not (await client.call_tool("calc.add", {"a": 1, "b": 1})).is_error


async def test_a_program_that_ends_is_a_device_that_departs_and_comes_back():
    async with world() as w, keeping(calculator(w, refresh_s=0.2)):
        await until(lambda: there(w, "calc"), 30)
        first = w.fleet.get("calc").nonce
        import psutil

        (child,) = [one for one in psutil.Process().children() if PROGRAM in one.cmdline()]
        child.kill()
        await until(lambda: there(w, "calc") and w.fleet.get("calc").nonce != first, 60)


async def test_a_gateway_is_a_device_of_another_gateway():
    async with world() as lower, world() as upper:
        await lower.device("pump")
        async with keeping(Keeper(upper.broker.url, REALM, "hall", lambda: Target(lower.url))), Client(upper.url) as client:
            await until(lambda: there(upper, "hall"), 30)
            assert "hall.pump.sim.echo" in [tool.name for tool in (await client.list_tools()).tools]
            result = await client.call_tool("hall.pump.sim.echo", {"text": "through two"})
            assert result.structured_content == {"text": "through two"}


async def test_new_tools_below_are_seen_above():
    async with world() as lower, world() as upper:
        await lower.device("pump")
        keeper = Keeper(upper.broker.url, REALM, "hall", lambda: Target(lower.url), refresh_s=0.2)
        async with keeping(keeper):
            await until(lambda: there(upper, "hall"), 30)
            await lower.device("valve")
            await until(lambda: any(tool["name"].startswith("valve.") for tool in upper.fleet.get("hall").tools), 30)


async def test_a_server_that_is_not_there_harms_nobody():
    async with world() as w, keeping(Keeper(w.broker.url, REALM, "none", lambda: Target("http://127.0.0.1:9/mcp"))):
        await w.device("pump")
        async with Client(w.url) as client:
            assert not (await client.call_tool("pump.sim.echo", {"text": "x"})).is_error


class MqttServer:
    """A server that speaks MCP over MQTT, from its specification, with what a test makes it answer."""

    def __init__(self, url: str, identity: str, name: str) -> None:
        self.where, self.name, self.seen = BrokerUrl.parse(url), name, []
        self.base = f"{identity}/{name}"
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=identity, protocol=paho.MQTTv5)
        self.client.on_message = self._received
        self.client.on_connect = lambda *_: self._begin()
        self.client.will_set(f"$mcp-server/presence/{self.base}", b"", qos=1, retain=True)

    def __enter__(self) -> MqttServer:
        self.client.connect(self.where.host, self.where.port)
        self.client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.publish(f"$mcp-server/presence/{self.base}", b"", qos=1, retain=True).wait_for_publish(10)
        self.client.disconnect()
        self.client.loop_stop()

    def _begin(self) -> None:
        options = paho.SubscribeOptions(qos=1, noLocal=True)
        self.client.subscribe([(f"$mcp-server/{self.base}", options), (f"$mcp-rpc/+/{self.base}", options)])
        online = {"jsonrpc": "2.0", "method": "notifications/server/online", "params": {"server_name": self.name}}
        self.client.publish(f"$mcp-server/presence/{self.base}", json.dumps(online), qos=1, retain=True)

    def _received(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        properties = dict(message.properties.UserProperty)
        request = json.loads(message.payload)
        self.seen.append((message.topic, request.get("method")))
        if "id" in request:
            answer = {"jsonrpc": "2.0", "id": request["id"], "result": self.answer(request)}
            self.client.publish(f"$mcp-rpc/{properties['MCP-MQTT-CLIENT-ID']}/{self.base}", json.dumps(answer), qos=1)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["method"] == "initialize":
            info = {"name": self.name, "version": "1"}
            return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        if request["method"] == "tools/list":
            return {"tools": [{"name": "lamp", "description": "Switches.", "inputSchema": {"type": "object"}}]}
        return {"content": [{"type": "text", "text": f"lamp {request['params']['arguments']['state']}"}]}


def servers(w: Any) -> MqttServers:
    def keep(name: str, server: ServerName) -> Keeper:
        where = BrokerUrl.parse(w.broker.url)
        return Keeper(w.broker.url, REALM, name, lambda: Target(mqtt_transport(where, server), handshake=True))

    return MqttServers(w.broker.url, keep)


async def test_a_server_on_mcp_over_mqtt_is_found_and_called_and_leaves():
    async with world() as w, keeping(servers(w)), Client(w.url) as client:
        with MqttServer(w.broker.url, "esp32-7", "home/lamps") as server:
            name = device_id(ServerName("esp32-7", "home/lamps"))
            await until(lambda: there(w, name), 30)
            result = await client.call_tool(f"{name}.lamp", {"state": "on"})
            assert result.content[0].text == "lamp on"
            assert server.seen[0] == ("$mcp-server/esp32-7/home/lamps", "initialize")
        await until(lambda: not w.fleet.get(name).online, 30)


async def test_nonsense_on_its_topics_brings_nothing_down():
    async with world() as w, keeping(servers(w)):
        noise = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        where = BrokerUrl.parse(w.broker.url)
        noise.connect(where.host, where.port)
        noise.loop_start()
        for topic in ("x/y", "x", "x/y/z"):
            for payload in (b"\xff", b"[]", b"{}", b'{"method": 5}'):
                noise.publish(f"$mcp-server/presence/{topic}", payload, qos=1, retain=True).wait_for_publish(10)
        noise.disconnect()
        noise.loop_stop()
        with MqttServer(w.broker.url, "esp32-8", "real"):
            await until(lambda: there(w, device_id(ServerName("esp32-8", "real"))), 30)
        assert len(w.fleet.devices()) == 1


async def test_a_cursor_or_method_that_is_none_of_ours_is_refused_by_name():
    async with world() as w, keeping(calculator(w)):
        await until(lambda: there(w, "calc"), 30)
        from motet.fleet import FleetError

        for method, params in (("tools/list", {"cursor": "9"}), ("tools/list", {"cursor": "-1"}), ("resources/list", {})):
            with pytest.raises(FleetError):
                await w.fleet.call("calc", method, params)


def test_ids_of_servers_are_valid_and_differ():
    names = {device_id(ServerName(one, two)) for one in ("a", "b", "a/b") for two in ("x", "x y", "é" * 40, "+")}
    assert len(names) == 12
    assert all(len(name) <= 32 and name.replace("-", "").isalnum() and name.isascii() for name in names)


async def test_what_no_server_should_do_is_an_answer_too():
    async def wrong(_name: str, _arguments: Any, _progress: Any) -> Any:
        raise RuntimeError("structured content is not of the schema")

    async with world() as w, StandIn(w.broker.url, REALM, "odd", "mcp", "odd 1", wrong) as stand_in:
        stand_in.show([{"name": "x", "inputSchema": {"type": "object"}}])
        await until(lambda: there(w, "odd"), 30)
        with pytest.raises(RpcError, match="not of the schema"):
            await w.fleet.call_tool("odd", "x", {})


async def test_a_server_that_stops_answering_is_left_and_tried_anew(tmp_path):
    starts = tmp_path / "starts"
    program = f"import sys\nopen({str(starts)!r}, 'a').write('x')\nfor line in sys.stdin: pass"
    silent = StdioServerParameters(command=sys.executable, args=["-c", program])
    async with world() as w, keeping(Keeper(w.broker.url, REALM, "mute", lambda: Target(silent), call_timeout_s=0.2)):
        await until(lambda: starts.exists() and len(starts.read_text()) > 1, 30)


async def test_an_endpoint_with_a_token_gets_it_and_the_time_that_a_call_takes(monkeypatch):
    monkeypatch.setenv("UPSTREAM_TOKEN", "secret")
    seen: list[httpx2.AsyncClient] = []

    @contextlib.asynccontextmanager
    async def client(url: str, http_client: httpx2.AsyncClient) -> AsyncIterator[None]:
        seen.append(http_client)
        yield

    monkeypatch.setattr(configured, "streamable_http_client", client)
    one = Upstream(id="far", url="http://127.0.0.1:1/mcp", token_env="UPSTREAM_TOKEN")
    async with configured._target(one)().server:
        assert seen[0].headers["authorization"] == "Bearer secret"
        assert seen[0].timeout.read > one.call_timeout_s
    assert seen[0].is_closed
