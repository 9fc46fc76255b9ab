# SPDX-License-Identifier: Apache-2.0
"""ASGI layers in front of every route: header clean-up and the check of Host and Origin against DNS rebinding.

A page in the operator's browser can make requests to loopback. The check refuses those of foreign origin (MCP 2026-07-28,
basic/transports: servers MUST validate Origin), and those that a foreign DNS name was pointed here for.
"""

from __future__ import annotations

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from motet.gateway.options import Options
from motet.observe import Metrics

_LOOKED_AT = (b"host", b"origin")
# Good pairs of both that are remembered, and the longest of them in bytes.
_REMEMBERED, _LONGEST = 1024, 512
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_REFUSALS = {
    421: ("foreign_host", "Host header not allowed; gateway.allowed_hosts lists further names"),
    403: ("foreign_origin", "Origin not allowed; gateway.allowed_origins lists further ones"),
}


def security_settings(options: Options) -> TransportSecuritySettings:
    """Loopback names, the address listened on, and what the configuration adds; each with and without a port."""
    names = [*_LOOPBACK, _bracketed(options.host), *options.allowed_hosts]
    hosts = [form for name in names for form in (name, f"{name}:*")]
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[*origins, *options.allowed_origins])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class Guard:
    """Passes on requests of allowed Host and Origin, their header values stripped; answers the others itself."""

    def __init__(self, app: ASGIApp, settings: TransportSecuritySettings, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics
        self._security = TransportSecurityMiddleware(settings)
        self._good: set[tuple[tuple[bytes, bytes], ...]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # uvicorn with httptools keeps trailing blanks, which are not part of a value (RFC 9110, 5.5).
            scope["headers"] = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
            refusal = await self._refusal(scope)
            if refusal is not None:
                reason, message = _REFUSALS[refusal.status_code]
                self._metrics.refused.labels(reason).inc()
                await JSONResponse({"error": message}, refusal.status_code)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        """What the SDK says of the request, or said before of the same Host and Origin."""
        asked = tuple(header for header in scope["headers"] if header[0] in _LOOKED_AT)
        if asked in self._good:
            return None
        refusal = await self._security.validate_request(Request(scope))
        if refusal is None and sum(len(value) for _, value in asked) <= _LONGEST:
            if len(self._good) >= _REMEMBERED:
                self._good.clear()
            self._good.add(asked)
        return refusal
