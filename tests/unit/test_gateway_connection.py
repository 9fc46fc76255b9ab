# SPDX-License-Identifier: Apache-2.0
"""One HTTP connection, byte by byte: sizes, times, pieces, and what is no HTTP at all."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.support.mcp_http import modern_call, modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving

from motet.gateway.connection import BoundedConnection

pytestmark = pytest.mark.anyio
TOOL = "pump.math.add"
GOOD = {"a": 1, "b": 2}


@pytest.fixture
def fleet():
    return MemoryFleet(MemoryDevice("pump"))


async def raw(url, data, *, more=()):
    """Send bytes as they are; what comes back until the server closes, empty when it resets the connection."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(20):
            for piece in (data, *more):
                writer.write(piece)
                await writer.drain()
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def head(url, **headers):
    lines = {"Host": urlsplit(url).netloc, "Connection": "close", **headers}
    return ("POST /mcp HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n").encode()


@pytest.mark.parametrize("framing", ["length", "chunked", "false length"])
async def test_a_huge_body_is_refused_before_it_is_read(fleet, framing):
    body = b"x" * 5000
    async with serving(fleet, max_body_bytes=4096) as (url, _):
        headers = {**modern_headers("tools/list")}
        if framing == "chunked":
            data = head(url, **headers, **{"Transfer-Encoding": "chunked"}) + b"1388\r\n" + body + b"\r\n0\r\n\r\n"
        elif framing == "length":
            data = head(url, **headers, **{"Content-Length": len(body)}) + body
        else:
            data = head(url, **headers, **{"Content-Length": 10**12}) + body
        answer = await raw(url, data)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"larger than 4096 bytes" in answer


async def test_a_body_that_never_ends_is_given_up(fleet):
    async with serving(fleet, body_timeout_s=0.05) as (url, _):
        answer = await raw(url, head(url, **modern_headers("tools/list"), **{"Content-Length": 100}) + b"{")
    assert answer.startswith(b"HTTP/1.1 408")


async def test_a_client_that_leaves_within_its_request_does_no_harm(fleet, caplog):
    async with serving(fleet) as (url, _), httpx2.AsyncClient() as http:
        parts = urlsplit(url)
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(head(url, **modern_headers("tools/list"), **{"Content-Length": 100}) + b"{")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert (await http.post(url, **modern_call(TOOL, GOOD))).status_code == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_head_without_end_is_cut_off(fleet):
    async with serving(fleet) as (url, _):
        piece = b"x-filler: " + b"y" * 8000 + b"\r\n"
        answer = await raw(url, b"GET /healthz HTTP/1.1\r\n", more=[piece] * 40)
    assert answer.startswith(b"HTTP/1.1 431") or answer == b""


async def test_one_header_without_end_is_cut_off(fleet):
    async with serving(fleet) as (url, _):
        answer = await raw(url, b"GET /healthz HTTP/1.1\r\nx-filler: ", more=[b"y" * 10_000] * 40)
    assert answer.startswith(b"HTTP/1.1 431") or answer == b""


@pytest.mark.parametrize("data", [b"", b"POST /mcp HT", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /hea"])
async def test_a_head_that_is_never_completed_is_given_up(fleet, monkeypatch, data):
    monkeypatch.setattr(BoundedConnection, "head_s", 0.1)
    async with serving(fleet) as (url, _):
        assert (await raw(url, data)).endswith(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")


@pytest.mark.parametrize("data", [b"\x16\x03\x01 not http\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
async def test_what_is_not_http_is_refused(fleet, data):
    async with serving(fleet) as (url, _):
        assert (await raw(url, data)).startswith(b"HTTP/1.1 400")


async def test_blanks_around_header_values_do_not_matter(fleet):
    async with serving(fleet) as (url, _):
        request = modern_call(TOOL, GOOD)
        body = json.dumps(request["json"]).encode()
        headers = {name: f" {value} \t" for name, value in request["headers"].items()}
        answer = await raw(url, head(url, **headers, **{"Content-Length": len(body)}) + body)
    assert answer.startswith(b"HTTP/1.1 200")
