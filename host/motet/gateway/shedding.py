# SPDX-License-Identifier: Apache-2.0
"""Where limits meet requests: an ASGI layer for HTTP, a middleware of the MCP server for standard input and output.

A request beyond them is answered before its body is read: with 429 when the caller asks for too much, with 503 when the gateway
has too much to do, and with when to come back (Retry-After; `data.retryAfter` in a JSON-RPC error). Health and metrics are never
refused, streams that are open go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from motet.config import Limits
from motet.gateway import callers, errors
from motet.gateway.lag import Lag
from motet.gateway.limits import Limiter, Shed, Visit
from motet.gateway.shedaudit import Sheds
from motet.gateway.views import PATH as MCP_PATH
from motet.observe import Metrics
from motet.policy import Audit
from motet_core.errors import BUSY

Context = ServerRequestContext[Any, Any]

_NEVER_SHED = frozenset({"/healthz", "/healthz/live", "/metrics"})
_VISIT = "motet.visit"
STDIO = "stdio"
# On standard input and output there is no scope that could hold it.
_OF_STDIO: ContextVar[Visit | None] = ContextVar("visit", default=None)


class Shedding:
    """Both, around one limiter; what is refused is counted in `metrics`, and in `audit` if there is one."""

    def __init__(self, limits: Limits, metrics: Metrics, audit: Audit | None = None) -> None:
        self._lag, self._metrics = Lag(), metrics
        self._sheds = None if audit is None else Sheds(audit)
        self.limiter = Limiter(limits, lambda: self._lag.late_s)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after the clock and write the audit inside the block."""
        sheds = contextlib.nullcontext() if self._sheds is None else self._sheds.running()
        async with self._lag.running(), sheds:
            yield

    def layer(self, app: ASGIApp) -> ASGIApp:
        """`app` behind the limits; it must know by then who calls."""

        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            visit = scope[_VISIT] = self.limiter.enter(_caller(scope), asyncio.get_running_loop().time())
            try:
                await app(scope, receive, send)
            finally:
                visit.leave()

        return self._answered(limited, app)

    def gate(self, app: ASGIApp) -> ASGIApp:
        """`app`, which finds out who calls, for when anybody is let in at all."""

        async def opened(scope: Scope, receive: Receive, send: Send) -> None:
            self.limiter.open()
            await app(scope, receive, send)

        return self._answered(opened, app)

    def _answered(self, limited: ASGIApp, free: ASGIApp) -> ASGIApp:
        """`limited` with an answer to what it sheds, and `free` for what is never shed."""

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                within = scope["type"] == "http" and scope["path"] not in _NEVER_SHED
                await (limited if within else free)(scope, receive, send)
            except Shed as shed:
                # Nothing is answered yet, also where a body turned out to be too much, or a stream one too many.
                await (await self.answer(Request(scope), shed))(scope, receive, send)

        return answered

    async def answer(self, request: Request, shed: Exception) -> Response:
        """The answer to a request that is refused; in the shape of Starlette's handlers of exceptions."""
        assert isinstance(shed, Shed)
        self.refused(_caller(request.scope), shed.reason)
        return refusal(request.scope, shed)

    def refused(self, caller: str, reason: str) -> None:
        """Count it."""
        self._metrics.shed.labels(reason).inc()
        if self._sheds is not None:
            self._sheds.note(caller, reason)

    async def __call__(self, ctx: Context, call_next: Callable[[Context], Awaitable[Any]]) -> Any:
        """The middleware: lets the requests of stdio in, and notes of all which errors are a matter of load."""
        try:
            if ctx.method == "initialize" and (visit := visit_of(ctx)) is not None and (closed := visit.opened()) is not None:
                # The SDK gives no public way to what outlives the request.
                ctx.session._connection.exit_stack.callback(closed)
            outside = ctx.request is None and ctx.request_id is not None
            return await (self._let_in(ctx, call_next) if outside else call_next(ctx))
        except Shed as shed:
            self.refused(_known(ctx), shed.reason)
            raise _marked(ctx, errors.shed(shed)) from None
        except MCPError as error:
            if error.error.code == BUSY:
                self.refused(_known(ctx), "device")
                _marked(ctx, error)
            raise

    async def _let_in(self, ctx: Context, call_next: Callable[[Context], Awaitable[Any]]) -> Any:
        visit = self.limiter.enter(STDIO, asyncio.get_running_loop().time())
        before = _OF_STDIO.set(visit)
        try:
            return await call_next(ctx)
        finally:
            _OF_STDIO.reset(before)
            visit.leave()


def visit_of(ctx: Context) -> Visit | None:
    """What the request of a handler was let in with; None for one that came past the limits."""
    return _OF_STDIO.get() if ctx.request is None else of_request(ctx.request.scope)


def of_request(scope: Scope) -> Visit | None:
    """Likewise, of an HTTP request."""
    visit: Visit | None = scope.get(_VISIT)
    return visit


def refusal(scope: Scope, shed: Shed) -> Response:
    """The answer over HTTP, in the shape of the path's other errors."""
    error = errors.shed(shed).error
    told = {"jsonrpc": "2.0", "id": None, "error": error.model_dump(exclude_none=True)}
    body = told if scope["path"].startswith(MCP_PATH) else {"error": error.message}
    headers = {"retry-after": str(errors.retry_after(error))}
    return Response(json.dumps(body), errors.HTTP_STATUS[error.code], headers, "application/json")


def with_status(scope: Scope, send: Send) -> Send:
    """`send` for answers of the SDK, which knows nothing of load: with the status of the error that the middleware noted."""

    visit = of_request(scope)
    if visit is None:
        return send

    async def sent(message: Message) -> None:
        if (error := visit.error) is not None and message["type"] == "http.response.start":
            headers = list(message["headers"])
            if not any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers):
                headers.append((b"retry-after", str(errors.retry_after(error)).encode()))
                message = {**message, "status": errors.HTTP_STATUS[error.code], "headers": headers}
        await send(message)

    return sent


def _caller(scope: Scope) -> str:
    user = scope.get("user")
    if isinstance(user, AuthenticatedUser):
        return callers.named(user.access_token)
    client = scope.get("client")
    return callers.unnamed(client[0] if client else "")


def _known(ctx: Context) -> str:
    visit = visit_of(ctx)
    return callers.ANONYMOUS if visit is None else visit.caller


def _marked(ctx: Context, error: MCPError) -> MCPError:
    if (visit := visit_of(ctx)) is not None:
        # Not in the scope, of which there may be copies.
        visit.error = error.error
    return error
