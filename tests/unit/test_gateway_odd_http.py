# SPDX-License-Identifier: Apache-2.0
"""HTTP as nobody should speak it, each kind on a connection of its own, and JSON that different readers may read differently."""

from __future__ import annotations

import gzip
import json

import httpx2
import pytest
from mcp import Client
from tests.support.mcp_http import modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving
from tests.support.raw_http import BODY, GOOD, TOOL, answers, chunked, head
from tests.support.waiting import until

from motet.gateway.connection import BoundedConnection

pytestmark = pytest.mark.anyio
PACKED = gzip.compress(BODY)
WEBSOCKET = ("connection: upgrade", "upgrade: websocket", "sec-websocket-key: eA==", "sec-websocket-version: 13")
H2C = ("connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQAAP__")


@pytest.fixture
def fleet():
    return MemoryFleet(MemoryDevice("pump"))


# What is sent, and how it may be answered; nothing at all means that the connection was closed.
ODD = {
    "websocket": (head(*WEBSOCKET, method="GET", headers={}) + b"\x81\x05hello", (400, 404, 405, 406)),
    "h2c": (head(*H2C, method="GET", path="/healthz", headers={}) + b"PRI * HTTP/2.0", (200,)),
    "trace": (head("connection: close", method="TRACE"), (405,)),
    "put": (head("connection: close", method="PUT"), (405,)),
    "options": (head("connection: close", method="OPTIONS"), (405,)),
    "trace api": (head("connection: close", method="TRACE", path="/api/v1/devices"), (405,)),
    "connect": (b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", (400, 404, 405)),
    "a method nobody knows": (head(method="BREW"), (400,)),
    "absolute form": (head("connection: close", method="GET", path="http://evil.example/healthz", headers={}), (200, 400, 421)),
    "many headers": (head("connection: close", *["a: b"] * 40_000, method="GET", path="/healthz"), (431,)),
    "large headers": (head("connection: close", *["a: " + "b" * 10_000] * 8, method="GET", path="/healthz"), (431,)),
    "a long path": (head("connection: close", method="GET", path="/" + "a" * 100_000), (400, 404, 414, 431)),
    "a path that is no text": (head("connection: close", method="GET", path="/%ff%00%c0%af"), (404,)),
    "no host": (b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n", (400, 421)),
    "two hosts": (head("host: evil.example", "connection: close", method="GET", path="/healthz"), (400,)),
    "two lengths": (head("content-length: 5", length=len(BODY)) + BODY, (400,)),
    "a negative length": (head("content-length: -1") + BODY, (400,)),
    "a length and chunks": (head("transfer-encoding: chunked", length=len(BODY)) + BODY, (400,)),
    "chunks of no chunks": (head("transfer-encoding: chunked") + b"zz\r\n", (400,)),
    "a chunk beyond all numbers": (head("transfer-encoding: chunked") + b"f" * 17 + b"\r\n", (400,)),
    "an extension without end": (head("transfer-encoding: chunked") + b"1;x=" + b"y" * 2_000_000, (431,)),
    "trailers without end": (chunked(BODY, end=b"0\r\n" + b"x: y\r\n" * 200_000), (431, 200, None)),
    "one trailer without end": (chunked(BODY, end=b"0\r\nx: " + b"y" * 2_000_000), (431, 200, None)),
    "chunks of one byte": (chunked(*(bytes([byte]) for byte in BODY)), (200,)),
    "a folded header": (b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx: a\r\n b\r\nconnection: close\r\n\r\n", (200, 400)),
    "a blank before the colon": (b"GET /healthz HTTP/1.1\r\nhost : 127.0.0.1\r\n\r\n", (400,)),
    "a zero byte": (b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx: a\x00b\r\n\r\n", (400,)),
    "a packed body": (head("connection: close", "content-encoding: gzip", length=len(PACKED)) + PACKED, (400,)),
    "a body announced too large": (head("expect: 100-continue", "connection: close", length=10**10), (413,)),
    "http 1.0": (head("connection: close", length=len(BODY)).replace(b"HTTP/1.1", b"HTTP/1.0") + BODY, (200,)),
    "http 0.9": (b"GET /healthz\r\n", (400, 408)),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), (400,)),
    "bytes that are no utf-8": (head("connection: close", length=len(BODY)) + BODY.replace(b"math", b"m\xfft\xc0"), (400,)),
    "utf-8 in a form too long": (head("connection: close", length=len(BODY)) + BODY.replace(b"ma", b"\xc1\xa1"), (400,)),
}  # fmt: skip


async def test_odd_http_is_answered_in_order_or_cut_off_and_harms_nobody(fleet, caplog, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "head_s", 1.0)
    async with serving(fleet, body_timeout_s=1.0) as (url, app), Client(url) as client:
        for name, (data, allowed) in ODD.items():
            answer = await answers(url, data)
            status = int(answer.split(None, 2)[1]) if answer else None
            assert status in allowed, (name, answer[:200])
            assert (await client.call_tool(TOOL, GOOD)).structured_content == {"result": 3}, name
        await until(lambda: app.front.shedding.limiter.under_way == 0)
        assert app.front.shedding.limiter.bytes_held == 0
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def twice(name, first, second):
    """The good call with `name` in it twice."""
    good = f'"{name}": {json.dumps(first)}'
    assert good in BODY.decode()
    return BODY.decode().replace(good, f'"{name}": {json.dumps(second)}, {good}').encode()


# Bodies, and the status that they are answered with. The last one of a name that is given twice counts, everywhere.
JSONS = {
    "the method twice": (twice("method", "tools/call", "tools/list"), 200),
    "the tool twice": (twice("name", TOOL, "valve.open"), 200),
    "the arguments twice": (twice("arguments", GOOD, {"a": 5, "b": 5}), 200),
    "the id twice": (twice("id", 1, 2), 200),
    "another tool behind the right one": (BODY.replace(b'"name": "pump.math.add"', b'"name": "pump.math.add", "name": "x"'), 400),
    "a batch of thousands": (b"[" + b",".join([BODY] * 1000) + b"]", 400),
    "deep lists": (b"[" * 200_000 + b"]" * 200_000, 400),
    "deep objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
    "deep arguments": (BODY.replace(b'{"a": 1, "b": 2}', b'{"a": ' * 50_000 + b"1" + b"}" * 50_000), 400),
    "an id of digits without end": (BODY.replace(b'"id": 1', b'"id": ' + b"9" * 100_000), 400),
    "an id that is no number": (BODY.replace(b'"id": 1', b'"id": NaN'), 400),
    "an id beyond all floats": (BODY.replace(b'"id": 1', b'"id": 1e999'), 400),
    "many members": (BODY[:-1] + b"".join(b',"x%d":0' % number for number in range(50_000)) + b"}", 200),
    "a text that breaks off": (BODY[:-30], 400),
    "two texts": (BODY + BODY, 400),
    "utf-16 without a mark": (BODY.decode().encode("utf-16-le"), None),
    "a mark in front": (b"\xef\xbb\xbf" + BODY, None),
    "zero bytes behind": (BODY + bytes(100), 400),
}


async def test_json_that_can_be_read_in_two_ways_is_read_in_one_or_not_at_all(fleet):
    async with serving(fleet) as (url, _), httpx2.AsyncClient(timeout=30) as http:
        for name, (body, status) in JSONS.items():
            answer = await http.post(url, content=body, headers=modern_headers("tools/call", TOOL))
            assert answer.status_code == status or (status is None and answer.status_code in (200, 400)), (
                name,
                answer.text[:300],
            )
            told = answer.json()
            assert ("error" in told) == (answer.status_code != 200), name
            if answer.status_code == 200:
                assert told["result"]["structuredContent"] == {"result": 3}, name
        assert {tool for _, method, params in fleet.calls if method == "tools/call" for tool in [params["name"]]} == {"math.add"}


async def test_a_content_type_that_is_not_json_is_refused_whatever_it_looks_like(fleet):
    async with serving(fleet) as (url, _), httpx2.AsyncClient() as http:
        for kind in (
            "text/plain",
            "text/plain; application/json",
            "multipart/form-data",
            "application/x-www-form-urlencoded",
        ):
            headers = {**modern_headers("tools/call", TOOL), "content-type": kind}
            assert (await http.post(url, content=BODY, headers=headers)).status_code in (400, 415), kind
    assert fleet.calls == []
