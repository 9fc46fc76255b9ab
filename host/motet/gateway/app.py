# SPDX-License-Identifier: Apache-2.0
"""The one ASGI application: `/mcp` straight to its endpoint, everything else through Starlette."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from motet.fleet import Fleet
from motet.gateway import openapi
from motet.gateway.api import Api
from motet.gateway.collector import FleetCollector
from motet.gateway.denials import Denials
from motet.gateway.endpoint import Endpoint
from motet.gateway.front import Front
from motet.gateway.gatehouse import Gatehouse
from motet.gateway.guard import Guard, security_settings
from motet.gateway.limits import Shed
from motet.gateway.messages import Messages
from motet.gateway.options import Options
from motet.gateway.rules import Rules
from motet.gateway.tasktable import TaskTable
from motet.gateway.views import PATH as MCP_PATH
from motet.observe import Metrics


class GatewayApp:
    """ASGI application of the gateway; `front` is its MCP server.

    Args:
        fleet: the devices.
        metrics: where calls are counted.
        options: settings.
        extra_routes: further routes, behind the same checks of Host and Origin.
        rules: who may call what; without them, everybody everything.
        table: keeps tasks; without it they end with the process.
    """

    def __init__(
        self,
        fleet: Fleet,
        metrics: Metrics,
        options: Options,
        extra_routes: Sequence[BaseRoute] = (),
        rules: Rules | None = None,
        table: TaskTable | None = None,
    ) -> None:
        self.front = Front(fleet, metrics, options, rules, table)
        self.messages = Messages(fleet, rules)
        self._denials = Denials(fleet, rules.audit) if rules is not None else None
        self._limited = self.front.shedding.layer(self._route)
        own = self.front.calls.local.has
        gatehouse = Gatehouse(self._limited, options.auth, metrics, own) if options.auth.asks else None
        check = gatehouse.check if gatehouse else None
        self._endpoint = Endpoint(self.front.server, metrics, options, check, self.front.fast, self.front.views)
        metrics.add(FleetCollector(fleet, self.front))
        routes = [*Api(fleet, metrics, self.front.views, self.front.catalogue).routes(), *extra_routes]
        routes.append(openapi.route(routes))
        handlers = {HTTPException: _as_json, Shed: self.front.shedding.answer}
        self._rest = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)
        first = self.front.shedding.gate(gatehouse) if gatehouse else self._limited
        self._guarded: ASGIApp = Guard(first, security_settings(options), metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._guarded(scope, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette's middleware and routing would cost a tenth of a call.
        path = scope.get("path", "")
        app = self._endpoint if scope["type"] == "http" and (path == MCP_PATH or path.startswith(MCP_PATH + "/")) else self._rest
        await app(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        denials = self._denials.running() if self._denials is not None else contextlib.nullcontext()
        async with self._endpoint.running(), self.front.running(), denials, self.messages.running():
            yield

    @property
    def standing_streams(self) -> int:
        """Open streams on which older clients wait for notifications."""
        return self._endpoint.standing_streams

    def end_streams(self) -> None:
        """Before a shutdown: end what would never end by itself."""
        self.front.hub.close()
        self._endpoint.end_streams()


async def _as_json(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=dict(error.headers or {}))
