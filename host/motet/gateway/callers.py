# SPDX-License-Identifier: Apache-2.0
"""Who makes a request: what an access token says, or nobody in particular."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
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
    return f"{owner(ctx)}|{views.of(ctx).key}"


def scopes() -> Scopes:
    """What the caller of the present request may do: everything, where no tokens are asked for."""
    token = get_access_token()
    return EVERYTHING if token is None else parse(tuple(token.scopes))


def named(token: AccessToken) -> str:
    """Who brings this token: the subject, and the issuer that knows it."""
    issuer = (token.claims or {}).get("iss")
    who = token.subject or token.client_id
    return f"{who} of {issuer}" if issuer else who


@lru_cache(4096)
def unnamed(address: str) -> str:
    """Who calls from this address without a token. Whoever has one IPv6 address has 2^64 of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ANONYMOUS
    if found.version == 4:
        return f"{ANONYMOUS}@{found}"
    return f"{ANONYMOUS}@{found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False)}"


def name() -> str:
    """The caller of the present request, for the audit and for what only needs a name."""
    return entity().id


def entity() -> Entity:
    """The caller of the present request, for policies."""
    token = get_access_token()
    return principal(ANONYMOUS if token is None else token.subject or token.client_id)
