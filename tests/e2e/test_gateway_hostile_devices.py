# SPDX-License-Identifier: Apache-2.0
"""Devices that answer twice, late, for others or unasked, over a real broker: nobody hears what is another's; all is counted."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.support.gateway_world import REALM, called, error_of, silent, world
from tests.support.waiting import until

from motet.config import Auth, Token
from motet.wire import Topics, packed

pytestmark = pytest.mark.anyio
FORGED = {"content": [{"type": "text", "text": "forged"}]}
ROUNDS = 25


def said(text):
    return {"content": [{"type": "text", "text": text}]}


def answer(call_id, result):
    return {"jsonrpc": "2.0", "id": call_id, "result": result}


@contextlib.asynccontextmanager
async def caller(url, name):
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {name}"}, timeout=30)
    async with http, Client(streamable_http_client(url, http_client=http)) as client:
        yield client


def callers_auth():
    tokens = [
        Token(name=name, sha256=hashlib.sha256(name.encode()).hexdigest(), scopes=["call:*", "read:*"]) for name in ("ann", "bob")
    ]
    return Auth(resource="http://127.0.0.1/mcp", tokens=tokens)


async def asked(device, text):
    """The id of the request that carries this text to the device."""

    def found():
        return [one["id"] for one in called(device) if one["params"]["arguments"].get("text") == text]

    await until(found)
    return found()[0]


def spoken(rng, ids, devices, texts, evil):
    """(who, what) of one round: lies in any order among the true answers, each of which is followed by one more lie."""
    pump, valve = devices[:2]
    lies = [[(evil, answer(one, FORGED))] for one in ids]
    lies += [[(valve if device is pump else pump, answer(one, FORGED))] for one, device in zip(ids, devices, strict=True)]
    lies += [[(pump, answer(strange, FORGED))] for strange in (max(ids) + rng.randint(1, 9), -ids[0], str(ids[0]))]
    lies += [[(evil, {"jsonrpc": "2.0", "method": "tools/call", "id": ids[0], "params": {"name": "x"}})]]
    truths = [
        [(device, answer(one, said(text))), (device, answer(one, FORGED))]
        for one, device, text in zip(ids, devices, texts, strict=True)
    ]
    mixed = lies + truths
    rng.shuffle(mixed)
    return [saying for sayings in mixed for saying in sayings]


async def test_two_callers_and_a_device_that_answers_for_everybody_each_hear_their_own():
    rng = random.Random(20260728)
    async with world(auth=callers_auth()) as w, caller(w.url, "ann") as ann, caller(w.url, "bob") as bob:
        pump, valve, evil = [await w.device(name, handler=silent) for name in ("pump", "valve", "evil")]
        devices = [pump, valve, pump, valve]
        for number in range(ROUNDS):
            texts = [f"{number} {place}" for place in range(4)]
            calls = [
                asyncio.create_task(client.call_tool(f"{device.id}.sim.echo", {"text": text}))
                for client, device, text in zip((ann, ann, bob, bob), devices, texts, strict=True)
            ]
            ids = [await asked(device, text) for device, text in zip(devices, texts, strict=True)]
            for who, what in spoken(rng, ids, devices, texts, evil):
                who.send(w.fleet.gateway_id, what)
            assert [(await call).content[0].text for call in calls] == texts
        # One that comes before the true one is foreign, one that comes after is a double or nobody's; none is missing.
        kinds = ("answers_foreign", "answers_doubled", "answers_unknown")
        await until(lambda: sum(w.fleet.counters().get(kind, 0) for kind in kinds) == 15 * ROUNDS)
        assert w.fleet.counters()["answers_foreign"] >= ROUNDS
        async with httpx2.AsyncClient(headers={"authorization": "Bearer ann"}) as http:
            metrics = (await http.get(w.url.removesuffix("/mcp") + "/metrics")).text
        foreign = w.fleet.counters()["answers_foreign"]
        assert f'motet_dropped_total{{reason="answers_foreign"}} {float(foreign)}' in metrics


async def test_an_answer_that_comes_late_is_nobodys():
    async with world(call_timeout_s=0.5) as w, Client(w.url) as client:
        pump = await w.device(handler=silent)
        assert (await error_of(client.call_tool("pump.sim.echo", {"text": "first"}))).code == -32061
        late = await asked(pump, "first")
        for _ in range(3):
            pump.send(w.fleet.gateway_id, answer(late, FORGED))
        await until(lambda: w.fleet.counters().get("answers_late") == 3)
        pump.handler = lambda _name, arguments: said(arguments["text"])
        assert (await client.call_tool("pump.sim.echo", {"text": "second"})).content[0].text == "second"


async def test_progress_and_log_lines_for_the_calls_of_another_device_reach_nobody():
    heard = []

    async def listen(*report):
        heard.append(report)

    async with world() as w, Client(w.url) as client:
        pump, evil = [await w.device(name, handler=silent) for name in ("pump", "evil")]
        call = asyncio.create_task(client.call_tool("pump.sim.echo", {"text": "x"}, progress_callback=listen))
        wanted = await asked(pump, "x")
        gateway = w.fleet.gateway_id
        for method, key in (("notifications/progress", "progressToken"), ("notifications/message", "requestId")):
            params = {key: wanted, "progress": 1, "message": "forged", "level": "error", "data": "forged"}
            evil.send(gateway, {"jsonrpc": "2.0", "method": method, "params": params})
        await until(lambda: w.fleet.counters().get("progress_dropped") == 2)
        pump.send(
            gateway, {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": wanted, "progress": 7}}
        )
        pump.send(gateway, answer(wanted, said("true")))
        assert (await call).content[0].text == "true"
        assert [report[0] for report in heard] == [7]


async def test_answers_on_forged_topics_and_to_other_gateways_change_nothing():
    async with world() as w, Client(w.url) as client:
        pump, evil = [await w.device(name, handler=silent) for name in ("pump", "evil")]
        call = asyncio.create_task(client.call_tool("pump.sim.echo", {"text": "x"}))
        wanted, gateway = await asked(pump, "x"), w.fleet.gateway_id
        evil.send("another-gateway", answer(wanted, FORGED))
        evil.send(gateway, answer(wanted, FORGED), as_device="nobody")
        evil.send(gateway, answer(wanted + 1, FORGED), as_device="pump")
        # A request in the gateway's name makes a device answer what nobody asked it.
        evil.handler = lambda _name, _arguments: FORGED
        asks = {"jsonrpc": "2.0", "id": wanted, "method": "tools/call", "params": {"name": "sim.echo", "arguments": {}}}
        pump.bus.publish(Topics(REALM).requests("evil"), packed.dumps(asks, gateway, 5), qos=0)
        await until(lambda: w.fleet.counters().get("answers_foreign") == 2 and w.fleet.counters().get("answers_unknown") == 1)
        pump.send(gateway, answer(wanted, said("true")))
        assert (await call).content[0].text == "true"
