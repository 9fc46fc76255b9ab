# SPDX-License-Identifier: Apache-2.0
"""Which log lines of a device a client wants: 2026-07-28 says it in each request, older revisions once for the session."""

from __future__ import annotations

from typing import Any, get_args
from weakref import WeakKeyDictionary

from mcp.server.context import ServerRequestContext
from mcp_types import EmptyResult, LoggingLevel, SetLevelRequestParams
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

Context = ServerRequestContext[Any, Any]

_ORDER: tuple[str, ...] = get_args(LoggingLevel)
_KEY = "io.modelcontextprotocol/logLevel"


class Levels:
    """The levels that sessions have set; nothing is logged to one that has set none."""

    def __init__(self) -> None:
        self._set: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    async def set(self, ctx: Context, params: SetLevelRequestParams) -> EmptyResult:
        """The `logging/setLevel` handler."""
        # The SDK gives handlers no public way to the connection that outlives their request.
        self._set[ctx.session._connection] = params.level
        return EmptyResult()

    def of(self, ctx: Context) -> str | None:
        """The lowest level that the client of a request wants to hear."""
        if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            return self._set.get(ctx.session._connection)
        level = ((ctx.params or {}).get("_meta") or {}).get(_KEY)
        return level if level in _ORDER else None

    def passes(self, said: str, wanted: str) -> bool:
        """Whether a line of level `said` is one that `wanted` includes."""
        return said in _ORDER and _ORDER.index(said) >= _ORDER.index(wanted)
