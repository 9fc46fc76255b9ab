# SPDX-License-Identifier: Apache-2.0
"""The `/mcp` endpoint (Streamable HTTP): chooses how the SDK answers each request, and notices clients that leave.

A request that cannot have notifications before its answer is answered as plain JSON, which costs half as much as a stream;
the SDK does not watch such a request's connection, so that is done here: closing it cancels the call (MCP 2026-07-28,
basic/transports). Everything else, and every client of an older revision, gets the SDK's event streams.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import INVALID_PARAMS, INVALID_REQUEST
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from motet.gateway import errors, streams
from motet.gateway.fastpath import FastPath
from motet.gateway.options import Options
from motet.gateway.shedding import of_request, with_status
from motet.gateway.views import BadView, Views, of_scope
from motet.gateway.withdrawing import Withdrawal
from motet.observe import Metrics
from motet_core.errors import TOO_LARGE

# A call that is answered sooner is not worth the task that watches its connection.
_UNWATCHED_S = 0.02
# Why a request is withdrawn.
_SLOW, _LEFT = "slow", "left"
_HANDSHAKE = frozenset(version.encode() for version in HANDSHAKE_PROTOCOL_VERSIONS)
# Marks of a request whose answer is a stream. Found in an argument instead, they only cost the cheaper way.
_STREAMED = (b'"progressToken"', b'"subscriptions/listen"', b'"io.modelcontextprotocol/logLevel"')


_CODES = {404: INVALID_PARAMS, 408: INVALID_REQUEST, 413: TOO_LARGE}

# The answer to a request that must not get further, None for one that may.
Check = Callable[[Scope, bytes], Response | None]


class Endpoint:
    """ASGI application for one path; `running()` must be entered around its use.

    `check` sees each request's body first, `fast` may take plain tool calls, `views` are those that may be asked for.
    """

    def __init__(
        self,
        server: Server[Any],
        metrics: Metrics,
        options: Options,
        check: Check | None = None,
        fast: FastPath | None = None,
        views: Views | None = None,
    ) -> None:
        limit = options.max_body_bytes
        self._json = StreamableHTTPSessionManager(server, json_response=True, stateless=True, max_request_body_size=limit)
        self._streams = StreamableHTTPSessionManager(
            server, max_request_body_size=limit, max_sessions=options.limits.sessions or None
        )
        self._metrics, self._limit, self._body_s = metrics, limit, options.body_timeout_s
        self._check, self._fast, self._views = check, fast, views or Views()
        self._standing: set[anyio.CancelScope] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The SDK's session managers live as long as the block."""
        async with self._json.run(), self._streams.run():
            yield

    @property
    def standing_streams(self) -> int:
        """Open streams on which older clients wait for notifications."""
        return len(self._standing)

    def end_streams(self) -> None:
        """End the standing streams of older clients, which would hold up a shutdown; they reconnect."""
        for scope in tuple(self._standing):
            scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._views.enter(scope)
        except BadView as error:
            self._metrics.refused.labels("bad_view").inc()
            await errors.bad_view(error)(scope, receive, send)
            return
        if scope["method"] != "POST":
            await self._stand(scope, receive, send)
            return
        try:
            await self._post(scope, receive, send)
        except _Gone:
            pass
        except _TooLarge:
            await self._refuse(413, "large_body", f"request body larger than {self._limit} bytes", scope, receive, send)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        with Withdrawal() as request:
            slow = loop.call_later(self._body_s, request.withdraw, _SLOW)
            try:
                body = await self._body(scope, receive)
            finally:
                slow.cancel()
            refused = self._check(scope, body) if self._check is not None else None
            if refused is not None:
                await refused(scope, receive, send)
            else:
                await self._answer(scope, body, receive, send, _Watch(loop, receive, request))
        if request.why == _SLOW:
            await self._refuse(408, "slow_body", "the request body did not arrive in time", scope, receive, send)

    async def _stand(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A stream on which an older client waits, or the end of its session."""
        if scope["method"] == "GET" and (visit := of_request(scope)) is not None:
            visit.listen()
        with anyio.CancelScope() as standing:
            self._standing.add(standing)
            try:
                await streams.handle(self._streams, scope, receive, send)
            finally:
                self._standing.discard(standing)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        if _announced(scope) > self._limit:
            raise _TooLarge
        visit, body = of_request(scope), bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            piece = message.get("body", b"")
            if visit is not None:
                visit.hold(len(piece))
            body += piece
            more = message.get("more_body", False)
            if len(body) > self._limit:
                raise _TooLarge
        return bytes(body)

    async def _answer(self, scope: Scope, body: bytes, receive: Receive, send: Send, watch: _Watch) -> None:
        send = with_status(scope, send)
        if _answered_by_stream(scope, body):
            if (visit := of_request(scope)) is not None and _opens(scope):
                visit.opens()
            # The SDK watches these itself.
            await streams.handle(self._streams, scope, _replay(body, receive), send)
            return
        with watch:
            if self._fast is not None and (call := self._fast.takes(scope, body, of_scope(scope))) is not None:
                await self._fast.answer(call, scope, send)
            else:
                await self._json.handle_request(scope, _replay(body, receive), send)

    async def _refuse(self, status: int, reason: str, message: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._metrics.refused.labels(reason).inc()
        body = {"jsonrpc": "2.0", "id": None, "error": {"code": _CODES[status], "message": message}}
        await JSONResponse(body, status, headers={"connection": "close"})(scope, receive, send)


class _Gone(Exception):
    """The client left before its request was complete."""


class _TooLarge(Exception):
    """The request body is larger than allowed."""


class _Watch:
    """Withdraws a request, inside the block, when its client has gone."""

    __slots__ = ("_loop", "_receive", "_request", "_task", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, request: Withdrawal) -> None:
        self._loop, self._receive, self._request = loop, receive, request
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._timer = self._loop.call_later(_UNWATCHED_S, self._start)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._request.withdraw(_LEFT)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


def _answered_by_stream(scope: Scope, body: bytes) -> bool:
    version = _version(scope)
    return version is None or version in _HANDSHAKE or any(mark in body for mark in _STREAMED)


def _opens(scope: Scope) -> bool:
    """Whether a session begins with this request, if it is answered well: one of an older revision, without a session."""
    version = _version(scope)
    return (version is None or version in _HANDSHAKE) and not any(name == b"mcp-session-id" for name, _ in scope["headers"])


def _version(scope: Scope) -> bytes | None:
    # Said twice, the first one counts, as for the SDK.
    return next((value for name, value in scope["headers"] if name == b"mcp-protocol-version"), None)


def _announced(scope: Scope) -> int:
    """The length that a request says its body has; 0 when it says none."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    # The parser lets none through that is no number.
    return int(said) if said.isdigit() else 0


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
