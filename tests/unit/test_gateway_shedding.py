# SPDX-License-Identifier: Apache-2.0
"""What clients of a real server see when they ask for too much, and what goes on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
import threading

import httpx2
import jwt
import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError
from tests.support.mcp_http import modern_body, modern_call, modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving
from tests.support.waiting import until

from motet.components.capabilities import policy_fields
from motet.config import Auth, Limits, Token
from motet.gateway import tokens
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.rules import Rules
from motet.gateway.server import listening
from motet.observe import Metrics
from motet.policy import Audit, Policy
from motet.store import Store

pytestmark = pytest.mark.anyio
CALL = modern_call("pump.math.add", {"a": 1, "b": 2})
LISTEN = {
    "json": modern_body("subscriptions/listen", notifications={"toolsListChanged": True}),
    "headers": modern_headers("subscriptions/listen"),
}
# One request, and then none for a long time.
ONE = Limits(caller_per_s=0.001, caller_burst=1)


@pytest.fixture
def fleet():
    return MemoryFleet(MemoryDevice("pump"))


@contextlib.asynccontextmanager
async def client_of(fleet, **settings):
    async with (
        serving(fleet, **settings) as (url, app),
        httpx2.AsyncClient(base_url=url.removesuffix("/mcp"), timeout=30) as http,
    ):
        yield http, app


async def shed(http):
    """Counts of motet_shed_total by reason."""
    lines = (await http.get("/metrics")).text.splitlines()
    return {line.split('"')[1]: float(line.split()[-1]) for line in lines if line.startswith("motet_shed_total{")}


async def test_too_many_requests_are_429_with_when_to_come_back_and_a_json_rpc_error(fleet):
    async with client_of(fleet, limits=ONE) as (http, _):
        assert (await http.post("/mcp", **CALL)).status_code == 200
        answer = await http.post("/mcp", **CALL)
        assert answer.status_code == 429
        assert 990 <= int(answer.headers["retry-after"]) <= 1000
        body = answer.json()
        assert (body["id"], body["error"]["code"]) == (None, -32066)
        assert 990 < body["error"]["data"]["retryAfter"] <= 1000
        assert body["error"]["data"]["limit"] == "limits.caller_per_s"
        assert len(fleet.calls) == 1
        api = await http.get("/api/v1/devices")
        assert (api.status_code, list(api.json())) == (429, ["error"])
        assert "retry-after" in api.headers
        assert (await shed(http)) == {"caller_rate": 2}
        for path in ("/healthz", "/healthz/live", "/metrics"):
            assert (await http.get(path)).status_code == 200


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_client_of_the_sdk_gets_the_typed_error(fleet, era):
    async with serving(fleet, limits=Limits(caller_per_s=0.001, caller_burst=6)) as (url, _), Client(url, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            for _ in range(8):
                await client.call_tool("pump.math.add", {"a": 1, "b": 2})
        assert caught.value.error.code == -32066
        assert caught.value.error.data["retryAfter"] > 0


async def test_callers_with_tokens_do_not_use_up_each_others_rate(fleet):
    tokens = [Token(name=name, sha256=hashlib.sha256(name.encode()).hexdigest(), scopes=["call:*"]) for name in ("ann", "bob")]
    auth = Auth(resource="http://127.0.0.1/mcp", tokens=tokens)
    async with client_of(fleet, limits=ONE, auth=auth) as (http, _):

        async def call(name):
            return (
                await http.post("/mcp", json=CALL["json"], headers=CALL["headers"] | {"authorization": f"Bearer {name}"})
            ).status_code

        assert [await call(name) for name in ("ann", "ann", "bob", "bob", "eve")] == [200, 429, 200, 429, 401]


async def test_a_device_is_asked_as_often_as_it_may_be_and_others_are_not_hurt(fleet):
    fleet.put(MemoryDevice("valve"))
    async with client_of(fleet, limits=Limits(devices={"pump": 0.001})) as (http, _):
        assert (await http.post("/mcp", **CALL)).status_code == 200
        answer = await http.post("/mcp", **CALL)
        assert answer.status_code == 503
        error = answer.json()["error"]
        assert answer.json()["id"] == 1
        assert error["code"] == -32052
        assert error["data"].keys() == {"device", "tool", "retryAfter"}
        assert int(answer.headers["retry-after"]) >= error["data"]["retryAfter"] > 990
        assert "pump is asked too often" in error["message"]
        assert (await http.post("/mcp", **modern_call("valve.math.add", {"a": 1, "b": 2}))).status_code == 200
        assert (await shed(http)) == {"device": 1}
        assert len(fleet.calls) == 2


async def test_a_full_queue_of_a_device_is_503_and_older_clients_get_the_same_error(fleet):
    gate = asyncio.Event()

    async def waits(_params, _progress):
        await gate.wait()
        return {"content": []}

    fleet.answers["math.add"] = waits
    async with client_of(fleet, calls_waiting=0, calls_at_once=1) as (http, _):
        first = asyncio.create_task(http.post("/mcp", **CALL))
        await until(lambda: fleet.calls)
        answer = await http.post("/mcp", **CALL)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["error"]["code"] == -32052
        async with Client(f"{http.base_url}/mcp", mode="legacy") as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool("pump.math.add", {"a": 1, "b": 2})
            assert (caught.value.error.code, caught.value.error.data["retryAfter"]) == (-32052, 1.0)
        gate.set()
        assert (await first).status_code == 200
        assert (await shed(http)) == {"device": 2}


async def test_a_gateway_with_its_hands_full_is_503_and_goes_on_with_what_it_has(fleet):
    gate = asyncio.Event()

    async def waits(_params, _progress):
        await gate.wait()
        return {"content": []}

    fleet.answers["math.add"] = waits
    async with client_of(fleet, limits=Limits(at_once=3), calls_at_once=8) as (http, app):
        under_way = [asyncio.create_task(http.post("/mcp", **CALL)) for _ in range(3)]
        await until(lambda: len(fleet.calls) == 3)
        answer = await http.post("/mcp", **CALL)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, -32067)
        assert int(answer.headers["retry-after"]) >= 1
        assert (await http.get("/healthz")).status_code == 200
        gate.set()
        assert {one.status_code for one in await asyncio.gather(*under_way)} == {200}
        await until(lambda: app.front.shedding.limiter.under_way == 0)
        assert (await http.post("/mcp", **CALL)).status_code == 200


async def test_a_late_gateway_refuses_what_is_new_and_keeps_its_streams(fleet):
    async with client_of(fleet) as (http, app), http.stream("POST", "/mcp", **LISTEN) as stream:
        lines = stream.aiter_lines()
        assert "acknowledged" in await data(lines)
        app.front.shedding._lag.late_s = 5.0
        answer = await http.post("/mcp", **CALL)
        assert (answer.status_code, answer.json()["error"]["data"]["limit"]) == (503, "limits.lag_s")
        fleet.put(MemoryDevice("valve"))
        assert "tools/list_changed" in await data(lines)


async def data(lines):
    async with asyncio.timeout(20):
        return next(line for line in [line async for line in _until_data(lines)] if line.startswith("data:"))


async def _until_data(lines):
    async for line in lines:
        yield line
        if line.startswith("data:"):
            return


async def test_one_caller_cannot_take_every_listening_stream(fleet):
    async with client_of(fleet, limits=Limits(caller_listeners=1)) as (http, app):
        async with http.stream("POST", "/mcp", **LISTEN) as stream:
            lines = stream.aiter_lines()
            assert "acknowledged" in await data(lines)
            answer = await http.post("/mcp", **LISTEN)
            assert (answer.status_code, answer.json()["error"]["code"]) == (429, -32066)
            assert answer.json()["id"] == 1
            follow = await http.get("/mcp", headers={"accept": "text/event-stream", "mcp-session-id": "0" * 32})
            assert follow.status_code == 429
            assert (await http.post("/mcp", **CALL)).status_code == 200
        await until(lambda: app.front.shedding.limiter.listening == 0)
        async with http.stream("POST", "/mcp", **LISTEN) as stream:
            assert stream.status_code == 200


async def test_bodies_that_are_too_much_together_are_503_and_leave_nothing_behind(fleet):
    async with client_of(fleet, limits=Limits(body_bytes=100)) as (http, app):
        answer = await http.post("/mcp", **CALL)
        assert (answer.status_code, answer.json()["error"]["data"]["limit"]) == (503, "limits.body_bytes")
        assert app.front.shedding.limiter.bytes_held == 0


async def test_what_was_refused_is_in_the_audit_as_a_sum(fleet, tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'motet.db'}")
    audit = Audit(store)
    try:
        app = GatewayApp(fleet, Metrics(), Options(port=0, limits=ONE), rules=Rules(Policy.load([], policy_fields()), audit))
        async with listening(app, Options(port=0)) as url, httpx2.AsyncClient() as http:
            for _ in range(30):
                await http.post(url, **CALL)
        entries = audit.entries(action="request")
        assert 1 <= len(entries) <= 3
        assert {(entry.actor, entry.outcome, entry.detail["reason"]) for entry in entries} == {
            ("anonymous@127.0.0.1", "denied", "caller_rate")
        }
        assert sum(entry.detail["count"] for entry in entries) == 29
    finally:
        store.close()


async def test_on_stdio_the_error_is_json_rpc_alone():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "tests.support.gateway_program", "stdio", "limited"], env=environment
    )
    async with asyncio.timeout(60), Client(server) as client:
        with pytest.raises(MCPError) as caught:
            for _ in range(10):
                await client.call_tool("pump.math.add", {"a": 1, "b": 2})
        assert caught.value.error.code == -32066
        assert caught.value.error.data["limit"] == "limits.caller_per_s"


async def test_tokens_that_nobody_can_verify_hold_up_neither_known_callers_nor_the_gateway(fleet, monkeypatch):
    gate = threading.Event()

    class Slow:
        def get_signing_key_from_jwt(self, _token):
            gate.wait(60)
            raise jwt.PyJWKClientError("the issuer does not answer")

    monkeypatch.setattr(tokens, "_keys", lambda _where: Slow())
    known = Token(name="ann", sha256=hashlib.sha256(b"ann").hexdigest(), scopes=["call:*"])
    auth = Auth(resource="http://127.0.0.1/mcp", issuers=["https://x.example"], jwks="https://x.example/keys", tokens=[known])
    async with client_of(fleet, auth=auth) as (http, _):

        async def call(name):
            return await http.post("/mcp", json=CALL["json"], headers=CALL["headers"] | {"authorization": f"Bearer {name}"})

        async with httpx2.AsyncClient(base_url=http.base_url, timeout=60, limits=httpx2.Limits(max_connections=None)) as many:
            headers = CALL["headers"] | {"authorization": "Bearer a.b.c"}
            floods = [
                asyncio.create_task(many.post("/mcp", json=CALL["json"], headers=headers)) for _ in range(tokens.WAITING + 10)
            ]
            await until(lambda: sum(one.done() for one in floods) == 10)
            assert {one.result().status_code for one in floods if one.done()} == {503}
            assert (await call("ann")).status_code == 200
            gate.set()
            assert {(await one).status_code for one in floods} == {401, 503}
        assert await asyncio.to_thread(lambda: 1) == 1
        metrics = (await http.get("/metrics", headers={"authorization": "Bearer ann"})).text
        assert 'motet_shed_total{reason="gateway_logins"} 10.0' in metrics


async def test_one_caller_cannot_take_every_session_and_what_ends_makes_room(fleet):
    async with client_of(fleet, limits=Limits(caller_sessions=2)) as (http, app):
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
        headers = {"accept": "application/json, text/event-stream"}

        async def opened(body=opening):
            return await http.post("/mcp", json=body, headers=headers)

        # What opens nothing takes no place.
        assert {(await opened({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).status_code for _ in range(4)} == {400}
        sessions = [(await opened()).headers["mcp-session-id"] for _ in range(2)]
        refused = await opened()
        assert (refused.status_code, refused.json()["error"]["data"]["limit"]) == (429, "limits.caller_sessions")
        twice = [("mcp-protocol-version", one) for one in ("2025-11-25", "2026-07-28")]
        assert (await http.post("/mcp", json=opening, headers=[*headers.items(), *twice])).status_code == 429
        assert (await http.post("/mcp", **CALL)).status_code == 200
        ending = headers | {"mcp-session-id": sessions[0], "mcp-protocol-version": "2025-11-25"}
        assert (await http.delete("/mcp", headers=ending)).status_code == 200
        await until(lambda: app.front.shedding.limiter._busy["anonymous@127.0.0.1"].sessions == 1)
        assert (await opened()).status_code == 200
    assert not app.front.shedding.limiter._busy
