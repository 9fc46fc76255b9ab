# SPDX-License-Identifier: Apache-2.0
"""The gateway as a client of another MCP server, for federation: OAuth 2.1 log-in, and answers to what the server asks.

Both eras are spoken; a server of 2026-07-28 is recognised by `server/discover`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.session import ElicitationFnT
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

NAME = "motet gateway"
# A server that lists without an end is cut off here.
MOST_PAGES, MOST_TOOLS = 200, 10_000

Elicit = ElicitationFnT
Consent = Callable[[str], Awaitable[AuthorizationCodeResult]]


class TooMuch(Exception):
    """The server lists more than anybody could use."""


class Tokens(TokenStorage):
    """Tokens and registration in memory; `client` presets a registration made beforehand."""

    def __init__(self, client: OAuthClientInformationFull | None = None) -> None:
        self._tokens: OAuthToken | None = None
        self._client = client

    async def get_tokens(self) -> OAuthToken | None:
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info


@dataclass
class Login:
    """How to log in: `consent(url)` gets the user's consent at `url` and returns what came back to `redirect_uri`.

    `metadata_url`: where this client describes itself (CIMD), for servers that take that instead of a registration.
    """

    consent: Consent
    redirect_uri: str
    metadata_url: str | None = None
    tokens: TokenStorage = field(default_factory=Tokens)


@asynccontextmanager
async def connected(
    url: str, login: Login | None = None, elicit: Elicit | None = None, timeout_s: float = 30.0, mode: str = "auto"
) -> AsyncIterator[Client]:
    """A session with the MCP server at `url`. Raises MCPError, httpx2.HTTPError and what the SDK's log-in raises."""
    async with AsyncExitStack() as parts:
        auth = _provider(url, login) if login is not None else None
        # Many servers close idle connections after five seconds, which is just when httpx would still use them.
        http = httpx2.AsyncClient(auth=auth, timeout=timeout_s, limits=httpx2.Limits(keepalive_expiry=2.0))
        await parts.enter_async_context(http)
        transport = streamable_http_client(url, http_client=http)
        info = types.Implementation(name=NAME, version="1")
        yield await parts.enter_async_context(
            Client(transport, read_timeout_seconds=timeout_s, client_info=info, mode=mode, elicitation_callback=elicit)
        )


async def tools(client: Client) -> list[types.Tool]:
    """Every tool of a server, with headers and schemas that the SDK has checked. Raises MCPError, TooMuch."""
    found: list[types.Tool] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            return found
        if len(found) > MOST_TOOLS:
            break
    raise TooMuch(f"the server lists more than {MOST_TOOLS} tools or {MOST_PAGES} pages")


def _provider(url: str, login: Login) -> OAuthClientProvider:
    back: list[AuthorizationCodeResult] = []

    async def redirect(address: str) -> None:
        back.append(await login.consent(address))

    async def callback() -> AuthorizationCodeResult:
        return back.pop()

    metadata = OAuthClientMetadata(client_name=NAME, redirect_uris=[AnyUrl(login.redirect_uri)])
    return OAuthClientProvider(url, metadata, login.tokens, redirect, callback, login.metadata_url)
