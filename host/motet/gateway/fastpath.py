# SPDX-License-Identifier: Apache-2.0
"""The short way of a plain tool call: past the SDK's machinery, through the very same handler, to the very same bytes.

What of the SDK's work matters to such a call is done here by the SDK's own functions: the seal on request state, the shape of
the result, the server's name in it, the mapping of errors. Policy, audit, limits, metrics and tasks are in the handler.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, cast

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.runner import modern_error_data
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import ERROR_CODE_HTTP_STATUS
from mcp_types import INTERNAL_ERROR, SERVER_INFO_META_KEY, ClientCapabilities, JSONRPCError, methods
from mcp_types.version import LATEST_MODERN_VERSION
from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider, get_tracer_provider
from pydantic import ValidationError
from starlette.requests import Request
from starlette.types import Scope, Send

from motet.gateway.calls import Calls
from motet.gateway.catalogue import Catalogue
from motet.gateway.plain import METHOD, Plain, PlainCall
from motet.gateway.views import View
from motet.wire import Json

log = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]
Handler = Callable[[Context], Awaitable[Any]]
Middleware = Callable[[Context, Handler], Awaitable[Any]]

_encode = json.JSONEncoder(separators=(",", ":")).encode


class _Session:
    """What handlers of a plain call may ask their session for."""

    __slots__ = ("client_capabilities",)

    def __init__(self, capabilities: ClientCapabilities) -> None:
        self.client_capabilities = capabilities


class FastPath:
    """Answers plain calls of `catalogue`'s tools as `server` would; `middleware`: what the server has, outermost first."""

    def __init__(self, server: Server[Any], calls: Calls, catalogue: Catalogue, middleware: Sequence[Middleware]) -> None:
        self._calls, self._catalogue = calls, catalogue
        self._handle: Handler = self._handled
        for layer in reversed(middleware):
            self._handle = partial(_through, layer, self._handle)
        self._stamp = server.server_info_stamp
        self._plain = Plain()

    def takes(self, scope: Scope, body: bytes, view: View) -> PlainCall | None:
        """The call that a request makes, when it can go this way. Nothing has happened when it cannot."""
        if not isinstance(get_tracer_provider(), ProxyTracerProvider | NoOpTracerProvider):
            # Somebody collects traces, and the SDK makes them.
            return None
        call = self._plain.read(scope, body)
        if call is None or self._calls.local.has(call.name, view):
            return None
        tool = self._catalogue.get(call.name, view)
        return call if tool is not None and tool.definition.plain else None

    async def answer(self, call: PlainCall, scope: Scope, send: Send) -> None:
        """Carry it out and send the answer."""
        try:
            result = await self._handle(self._context(call, scope))
            status, body = 200, {"jsonrpc": "2.0", "id": call.id, "result": result}
        except Exception as error:
            told = modern_error_data(error)
            status = ERROR_CODE_HTTP_STATUS.get(told.code, 200)
            body = JSONRPCError(jsonrpc="2.0", id=call.id, error=told).model_dump(mode="json", by_alias=True, exclude_none=True)
        payload = _encode(body).encode()
        headers = [(b"content-length", b"%d" % len(payload)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": payload})

    def _context(self, call: PlainCall, scope: Scope) -> Context:
        return ServerRequestContext(
            session=cast(ServerSession, _Session(call.capabilities)),
            lifespan_context=None,
            protocol_version=LATEST_MODERN_VERSION,
            method=METHOD,
            params=call.params,
            request_id=call.id,
            request=Request(scope),
        )

    async def _handled(self, ctx: Context) -> Json:
        params: Any = ctx.params
        result = await self._calls.call(ctx, params["name"], params.get("arguments", {}))
        try:
            shaped = methods.serialize_server_result(METHOD, LATEST_MODERN_VERSION, result)
        except ValidationError:
            log.exception("a tool call gave an invalid result")
            raise MCPError(INTERNAL_ERROR, "Handler returned an invalid result") from None
        return self._stamped(shaped)

    def _stamped(self, result: Json) -> Json:
        meta = result.get("_meta") or {}
        if meta.get(SERVER_INFO_META_KEY) is None:
            result["_meta"] = {**meta, SERVER_INFO_META_KEY: self._stamp}
        return result


def _through(layer: Middleware, inner: Handler, ctx: Context) -> Awaitable[Any]:
    return layer(ctx, inner)
