# SPDX-License-Identifier: Apache-2.0
"""Sessions of older clients that end while something of theirs comes in, and streams that are asked to go on."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging

import anyio
import httpx2
import pytest
from mcp.shared.exceptions import MCPError
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving

from motet.observe import setup_logging

pytestmark = pytest.mark.anyio
ACCEPT = {"accept": "application/json, text/event-stream"}
START = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


@contextlib.asynccontextmanager
async def client():
    async with (
        serving(MemoryFleet(MemoryDevice("pump"))) as (url, _),
        httpx2.AsyncClient(base_url=url.removesuffix("/mcp")) as http,
    ):
        yield http


async def session(http):
    opened = await http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": START}, headers=ACCEPT)
    return {**ACCEPT, "mcp-session-id": opened.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}


async def test_messages_of_a_session_that_ends_meanwhile_are_no_failures_of_the_gateway(caplog):
    caplog.set_level(logging.ERROR)
    told = {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}
    async with client() as http:
        for _ in range(20):
            headers = await session(http)
            posts = [http.post("/mcp", json=told, headers=headers) for _ in range(4)]
            answers = await asyncio.gather(*posts, http.delete("/mcp", headers=headers))
            assert {answer.status_code for answer in answers} <= {200, 202, 404}
        assert (await http.get("/healthz")).status_code == 200
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_a_stream_that_shall_go_on_from_some_event_is_a_new_one():
    async with client() as http:
        headers = await session(http)
        async with http.stream("GET", "/mcp", headers={**headers, "last-event-id": "7"}) as stream:
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")


def test_the_log_does_not_tell_of_hang_ups_as_failures_and_tells_of_failures():
    told = io.StringIO()
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        setup_logging("warning", stream=told)
        for name, quiet in (("streamable_http", anyio.ClosedResourceError()), ("runner", MCPError(-32602, "refused"))):
            for error in (quiet, ValueError("broken")):
                logging.getLogger(f"mcp.server.{name}").error("it raised", exc_info=error)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert "ClosedResourceError" not in told.getvalue()
    assert "MCPError" not in told.getvalue()
    assert told.getvalue().count("it raised") == 2
