# SPDX-License-Identifier: Apache-2.0
"""The ASGI layer that asks for access tokens (MCP 2026-07-28, basic/authorization; RFC 6750, RFC 9728).

Without `[auth]` in the configuration there is none, and whoever reaches the port may do everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, BearerAuthBackend
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from motet.config import Auth
from motet.gateway.scopes import MANAGE, READ, SUPPORTED, Scopes, parse
from motet.gateway.tokens import Verifier
from motet.gateway.views import View, of_scope
from motet.observe import Metrics

METADATA = "/.well-known/oauth-protected-resource"
_OPEN = ("/healthz", METADATA)
_READING = ("GET", "HEAD")
_DEVICES = "/api/v1/devices/"


class Gatehouse:
    """Lets through who brings a token that counts; `app` finds who that is in the scope, handlers by the SDK's functions.

    `own` says which names are tools of the gateway itself in a view.
    """

    def __init__(self, app: ASGIApp, settings: Auth, metrics: Metrics, own: Callable[[str, View], bool]) -> None:
        self._own = own
        self._app, self._settings, self._metrics = AuthContextMiddleware(app), settings, metrics
        self._backend = BearerAuthBackend(Verifier(settings))
        parts = urlsplit(settings.resource)
        self._metadata_url = f"{parts.scheme}://{parts.netloc}{METADATA}{parts.path}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"].startswith(METADATA):
            await JSONResponse(self._metadata())(scope, receive, send)
        elif scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
        elif (found := await self._backend.authenticate(HTTPConnection(scope))) is None:
            # RFC 6750, 3.1: no error code for a request that brings nothing.
            brought = any(name == b"authorization" for name, _ in scope["headers"])
            await self._refuse(401, "invalid_token" if brought else None, " ".join(SUPPORTED[:2]), scope, receive, send)
        else:
            scope["auth"], scope["user"] = found
            wanted = _wanted(scope, parse(tuple(found[1].scopes)))
            if wanted is not None:
                await self._refuse(403, "insufficient_scope", wanted, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    def _metadata(self) -> dict[str, Any]:
        return {
            "resource": self._settings.resource,
            "authorization_servers": list(self._settings.issuers),
            "scopes_supported": list(SUPPORTED),
            "bearer_methods_supported": ["header"],
            "resource_name": "Motet gateway",
        }

    async def _refuse(self, status: int, error: str | None, wanted: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._metrics.refused.labels("no_token" if status == 401 else "scope").inc()
        await refusal(status, error, wanted, self._metadata_url)(scope, receive, send)

    def check(self, scope: Scope, body: bytes) -> JSONResponse | None:
        """The answer to a tool call that the token of its request does not allow, else None.

        Only so is a client told which scope to ask for; the calls themselves are checked by their handlers as well.
        """
        user = scope.get("user")
        if not isinstance(user, AuthenticatedUser) or (name := called(body)) is None:
            return None
        view = of_scope(scope)
        meant = None if self._own(name, view) else view.tools.own(name)
        # The gateway's own tools have names in which the first dot splits, too.
        device, tool = meant or (name.partition(".")[0], name.partition(".")[2])
        if parse(tuple(user.scopes)).call(device, tool):
            return None
        self._metrics.refused.labels("scope").inc()
        wanted = f"call:{device}.{tool}" if _printable(device + tool) else "call:*"
        return refusal(403, "insufficient_scope", wanted, self._metadata_url)


def _wanted(scope: Scope, allowed: Scopes) -> str | None:
    """The scope that a request to the API lacks: to change something `manage`, to read the device's, or that of all devices."""
    path = scope["path"]
    if not path.startswith("/api") or allowed.manage:
        return None
    if scope["method"] not in _READING:
        return MANAGE
    device = path.removeprefix(_DEVICES).partition("/")[0] if path.startswith(_DEVICES) else ""
    if "*" in allowed.reads or (device and allowed.read(device)):
        return None
    return f"{READ}{device}" if device and _printable(device) else f"{READ}*"


def called(body: bytes) -> str | None:
    """The tool that a request calls, None for any other request."""
    try:
        message = json.loads(body)
        return str(message["params"]["name"]) if message["method"] == "tools/call" else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def refusal(status: int, error: str | None, wanted: str, metadata_url: str) -> JSONResponse:
    """With the challenge that tells a client where to get a token, and for which scope."""
    challenge = f'Bearer resource_metadata="{metadata_url}", scope="{wanted}"' + (f', error="{error}"' if error else "")
    text = {401: "an access token is needed", 403: "the access token does not allow this"}[status]
    return JSONResponse({"error": error or "unauthorized", "error_description": text}, status, {"www-authenticate": challenge})


def _printable(text: str) -> bool:
    return all(c.isascii() and (c.isalnum() or c in "_.-") for c in text)
