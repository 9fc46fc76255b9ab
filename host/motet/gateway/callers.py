# SPDX-License-Identifier: Apache-2.0
"""Who makes a request: what an access token says, or nobody in particular."""

from __future__ import annotations

from typing import Any

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.context import ServerRequestContext
from mcp.server.request_state import authenticated_principal

from motet.gateway import views
from motet.gateway.scopes import EVERYTHING, Scopes, parse
from motet.policy import Entity, principal

ANONYMOUS = "anonymous"
Context = ServerRequestContext[Any, Any]


def owner(ctx: Context) -> str:
    """Names the caller for what belongs to it: its tasks."""
    return authenticated_principal(ctx) or ANONYMOUS


def binding(ctx: Context) -> str:
    """What sealed state is bound to: the caller, and the view in which names mean what they mean."""
    return f"{owner(ctx)}|{views.of(ctx).device}"


def scopes() -> Scopes:
    """What the caller of the present request may do: everything, where no tokens are asked for."""
    token = get_access_token()
    return EVERYTHING if token is None else parse(tuple(token.scopes))


def name() -> str:
    """The caller of the present request, for the audit and for what only needs a name."""
    return entity().id


def entity() -> Entity:
    """The caller of the present request, for policies."""
    token = get_access_token()
    return principal(ANONYMOUS if token is None else token.subject or token.client_id)
