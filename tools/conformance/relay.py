# SPDX-License-Identifier: Apache-2.0
"""A thin HTTP relay in front of a program that speaks MCP on standard input and output.

A POST becomes a line of the program's input, and what it says to that the answer: one JSON object, or a stream of events when
something comes before the result. Of MCP it knows what the transport asks of an HTTP server: headers that repeat the body,
statuses, Host and Origin (MCP 2026-07-28 and 2025-11-25, basic/transports). Everything else is the program's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import Any

import uvicorn
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from conformance.lines import Gone, Lines
from conformance.transport import HeaderMismatch, check_headers

Json = dict[str, Any]
_STATUS = {-32601: 404, -32700: 400, -32600: 400, -32602: 400, -32020: 400, -32021: 400, -32022: 400}
_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_MOST_BYTES = 1 << 20


def security() -> TransportSecurityMiddleware:
    """Loopback names only."""
    hosts = [form for name in _LOCAL for form in (name, f"{name}:*")]
    origins = [f"http://{host}" for host in hosts]
    return TransportSecurityMiddleware(TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins))


class Relay:
    """The ASGI application. `lines`: the program."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._security = security()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            answer = await self._answer(Request(scope, receive))
            await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if (refusal := await self._security.validate_request(request)) is not None:
            return refusal
        if request.method != "POST":
            return Response(status_code=405, headers={"allow": "POST"})
        body = await request.body()
        try:
            message = json.loads(body) if len(body) <= _MOST_BYTES else None
        except ValueError:
            message = None
        if not isinstance(message, dict):
            return _refused(None, -32700, "the body is not one JSON-RPC message")
        try:
            check_headers(request.headers, message)
        except HeaderMismatch as error:
            return _refused(message.get("id"), -32020, str(error))
        if "id" not in message or "method" not in message:
            await self._lines.tell(message)
            return Response(status_code=202)
        return await self._relayed(message, request)

    async def _relayed(self, message: Json, request: Request) -> Response:
        said = self._lines.ask(message)
        try:
            first = await _unless_left(anext(said), request)
        except Gone as error:
            return _refused(message["id"], -32603, str(error), 502)
        if first is None:
            return Response(status_code=499)
        if "id" in first:
            code = first["error"]["code"] if "error" in first else None
            await said.aclose()
            return JSONResponse(first, _STATUS.get(code, 200) if code is not None else 200)
        return StreamingResponse(_events(first, said), media_type="text/event-stream")


async def _unless_left(work: Awaitable[Json], request: Request) -> Json | None:
    """What `work` gives; None when the client goes first, which withdraws its request. Raises what `work` raises."""
    first, left = asyncio.ensure_future(work), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((first, left), return_when=asyncio.FIRST_COMPLETED)
        return first.result() if first.done() else None
    finally:
        for task in (first, left):
            task.cancel()
        await asyncio.gather(first, left, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@contextlib.asynccontextmanager
async def serving(relay: Relay) -> AsyncIterator[str]:
    """HTTP on a free port of loopback inside the block; its MCP URL."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        server = uvicorn.Server(uvicorn.Config(relay, lifespan="off", log_level="error", timeout_graceful_shutdown=1))
        task = asyncio.create_task(server.serve([sock]))
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            await task


def _refused(id: Any, code: int, text: str, status: int = 400) -> Response:
    return JSONResponse({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}}, status)


async def _events(first: Json, rest: AsyncGenerator[Json]) -> AsyncIterator[str]:
    """Closing the stream early closes `rest`, which withdraws the request."""
    async with contextlib.aclosing(rest):
        yield _event(first)
        with contextlib.suppress(Gone):
            async for message in rest:
                yield _event(message)


def _event(message: Json) -> str:
    return f"event: message\ndata: {json.dumps(message)}\n\n"
