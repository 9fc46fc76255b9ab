# SPDX-License-Identifier: Apache-2.0
"""Clients that mean harm, on real connections: they trickle, never read, flood, and send what is no HTTP or no JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json

import httpx2
import pytest
from mcp import Client
from tests.support.mcp_http import modern_body, modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving
from tests.support.raw_http import BODY, CALL, GOOD, TOOL, answers, chunked, connected, head, rest, trickled
from tests.support.waiting import until

from motet.config import Limits
from motet.gateway.connection import MAX_AHEAD, BoundedConnection

pytestmark = pytest.mark.anyio


@pytest.fixture
def fleet():
    return MemoryFleet(MemoryDevice("pump"))


@pytest.mark.parametrize(
    ("first", "piece"),
    [(b"", b"\r\n"), (b"GET /healthz HTTP/1.1\r\n", b"x: y\r\n"), (b"GET /healthz HTTP/1.1\r\nx: ", b"y")],
    ids=["blank lines", "headers", "one header"],
)
async def test_a_head_that_trickles_ends_after_its_time_however_lively_it_is(fleet, monkeypatch, first, piece):
    monkeypatch.setattr(BoundedConnection, "head_s", 0.3)
    async with serving(fleet) as (url, _), connected(url) as (reader, writer):
        writer.write(first)
        assert (await trickled(reader, writer, piece)).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_body_that_trickles_ends_after_its_time(fleet, framing):
    async with serving(fleet, body_timeout_s=0.3) as (url, app), connected(url) as (reader, writer):
        writer.write(head(length=10**6) if framing == "length" else head("transfer-encoding: chunked"))
        assert (await trickled(reader, writer, b" " if framing == "length" else b"1\r\n \r\n")).startswith(b"HTTP/1.1 408")
        await until(lambda: app.front.shedding.limiter.bytes_held == 0)


async def test_what_follows_an_answer_without_end_ends_after_its_time(fleet, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "head_s", 0.3)
    async with serving(fleet, limits=Limits(caller_per_s=0.001, caller_burst=1)) as (url, _), connected(url) as (reader, writer):
        writer.write(head(length=len(BODY)) + BODY + b"\r\n" + head(length=10**12))
        answer = await trickled(reader, writer, b" ")
    assert answer.count(b"HTTP/1.1 200") == 1
    assert answer.count(b"HTTP/1.1 429") == 1


async def test_a_body_that_comes_after_its_answer_does_not_end_the_connection(fleet):
    async with serving(fleet, limits=Limits(caller_per_s=0.001, caller_burst=1)) as (url, _), connected(url) as (reader, writer):
        for status in (b"200", b"429"):
            writer.write(head(length=len(BODY)) + BODY[:10])
            if status == b"200":
                writer.write(BODY[10:])
            await reader.readuntil(b"HTTP/1.1 " + status)
            await reader.readuntil(b"}")
        writer.write(BODY[10:] + head(method="GET", path="/healthz"))
        await reader.readuntil(b"HTTP/1.1 200")


class Talker:
    """A device that reports progress without end; `reports` counts."""

    def __init__(self, fleet):
        self.reports = 0
        fleet.answers["math.add"] = self.answer

    async def answer(self, _params, progress):
        while True:
            self.reports += 1
            await progress(self.reports, None, "x" * 100_000)

    async def call(self, writer):
        """Ask it, and read nothing."""
        body = modern_body("tools/call", name=TOOL, arguments=GOOD)
        body["params"]["_meta"]["progressToken"] = "p"
        data = json.dumps(body).encode()
        writer.transport.pause_reading()
        writer.write(head(length=len(data)) + data)
        last = -1
        while last != self.reports or not last:
            last = self.reports
            await asyncio.sleep(0.1)


async def test_a_call_whose_client_reads_nothing_is_cancelled_and_holds_bounded_memory(fleet, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "stuck_s", 0.5)
    talker = Talker(fleet)
    async with serving(fleet) as (url, app), connected(url, buffer=4096) as (_, writer):
        await talker.call(writer)
        # What the kernel takes for a connection, and one more.
        assert talker.reports < 200
        await until(lambda: fleet.cancelled == ["pump"])
        await until(lambda: app.front.shedding.limiter.under_way == 0)
        fleet.answers["math.add"] = MemoryFleet().answers["math.add"]
        async with Client(url) as client:
            assert (await client.call_tool(TOOL, GOOD)).structured_content == {"result": 3}


async def test_a_client_that_reads_nothing_does_not_hold_up_the_end_of_the_gateway(fleet):
    async with asyncio.timeout(60), contextlib.AsyncExitStack() as stack:
        async with serving(fleet, drain_s=0.2) as (url, _):
            _, writer = await stack.enter_async_context(connected(url, buffer=4096))
            await Talker(fleet).call(writer)
        assert fleet.cancelled == ["pump"]


async def test_connections_that_ask_nothing_make_room_for_those_that_do(fleet):
    async with serving(fleet, limits=Limits(connections=20)) as (url, _), contextlib.AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(connected(url)) for _ in range(60)]
        async with httpx2.AsyncClient() as http:
            assert (await http.post(url, **CALL)).status_code == 200
            metrics = (await http.get(url.removesuffix("/mcp") + "/metrics")).text
        assert 'motet_shed_total{reason="gateway_connections"}' in metrics
        assert (await rest(idle[0][0])).startswith(b"HTTP/1.1 503")


async def test_connections_that_listen_are_not_closed_for_new_ones(fleet):
    listen = json.dumps(modern_body("subscriptions/listen", notifications={"toolsListChanged": True})).encode()
    async with serving(fleet, limits=Limits(connections=5)) as (url, _), contextlib.AsyncExitStack() as stack:
        open_ones = [await stack.enter_async_context(connected(url)) for _ in range(5)]
        for reader, writer in open_ones:
            writer.write(head(length=len(listen), headers=modern_headers("subscriptions/listen")) + listen)
            await reader.readuntil(b"acknowledged")
        assert (await answers(url, head(method="GET", path="/healthz"))).startswith(b"HTTP/1.1 503")
        fleet.put(MemoryDevice("valve"))
        async with asyncio.timeout(20):
            for reader, _ in open_ones:
                await reader.readuntil(b"list_changed")


async def test_of_a_thousand_listeners_so_many_are_served_hear_of_a_change_and_are_ended_in_order(fleet):
    listen = json.dumps(modern_body("subscriptions/listen", notifications={"toolsListChanged": True})).encode()
    request = head(length=len(listen), headers=modern_headers("subscriptions/listen")) + listen
    turns = asyncio.Semaphore(50)

    async def listener(url, stack):
        async with turns:
            reader, writer = await stack.enter_async_context(connected(url))
            writer.write(request)
            return reader, b" 200 " in await reader.readuntil(b"\r\n")

    async with contextlib.AsyncExitStack() as stack, asyncio.timeout(100):
        async with serving(fleet, limits=Limits(caller_listeners=0, listeners=700), drain_s=20.0) as (url, app):
            found = await asyncio.gather(*(listener(url, stack) for _ in range(1000)))
            served = [reader for reader, taken in found if taken]
            assert len(served) == app.front.shedding.limiter.listening == 700
            refused = next(reader for reader, taken in found if not taken)
            assert b'"limits.listeners"' in await refused.readuntil(b"}}}")
            fleet.put(MemoryDevice("valve"))
            for reader in served:
                await reader.readuntil(b"tools/list_changed")
            async with Client(url) as client:
                assert (await client.call_tool(TOOL, GOOD)).structured_content == {"result": 3}
        # The server is down: each stream has had its last word, and is closed.
        for reader in served:
            assert b'"result":{' in await rest(reader)
        assert (app.front.shedding.limiter.listening, len(app.front.hub)) == (0, 0)


async def test_ten_megabytes_in_chunks_are_refused_and_not_kept(fleet):
    async with serving(fleet) as (url, app):
        answer = await answers(url, chunked(*[b" " * 100_000] * 100))
        assert answer.startswith(b"HTTP/1.1 413") or not answer
        await until(lambda: app.front.shedding.limiter.bytes_held == 0)
    assert not any(method == "tools/call" for _, method, _ in fleet.calls)


async def test_requests_ahead_are_answered_in_order_up_to_a_number(fleet):
    one = head(length=len(BODY)) + BODY
    async with serving(fleet) as (url, _):
        ids = [json.dumps({**CALL["json"], "id": number}).encode() for number in range(100)]
        answer = await answers(
            url,
            b"".join(head(length=len(body)) + body for body in ids[:-1])
            + head("connection: close", length=len(ids[-1]))
            + ids[-1],
        )
        at = [answer.index(b'"id":%d,' % number) for number in range(100)]
        assert at == sorted(at)
        flood = await answers(url, one * 20 * MAX_AHEAD)
        assert flood.count(b"HTTP/1.1 200") <= 20 * MAX_AHEAD
        assert (await answers(url, head("connection: close", length=len(BODY)) + BODY)).startswith(b"HTTP/1.1 200")
