# SPDX-License-Identifier: Apache-2.0
"""The connection to one MCP server: its tools as a device can tell them, calls passed on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError

from motet.upstream.standin import Progress, UpstreamError
from motet.wire import Json

MAX_TOOLS = 1000
_MAX_PAGES = 100
# What a gateway shows of a tool with its device's name before it.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
# Of an entry of tools/list, what belongs to the tool and not to the server that listed it.
_KEPT = ("name", "title", "description", "inputSchema", "outputSchema", "annotations", "icons")


class Upstream:
    """An open connection. `call_timeout_s`: how long a call may take."""

    def __init__(self, client: Client, call_timeout_s: float) -> None:
        self._client, self._timeout = client, call_timeout_s

    @property
    def about(self) -> str:
        """Name and version that the server gives itself."""
        info = self._client.server_info
        return f"{info.name} {info.version}".strip() if info is not None else "MCP server"

    async def tools(self) -> list[Json]:
        """Its tools/list entries, those alone whose names a gateway can show. Raises UpstreamError."""
        found: list[Json] = []
        cursor: str | None = None
        for _ in range(_MAX_PAGES):
            page = await self._asked(self._client.list_tools(cursor=cursor))
            dumped = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
            found += [{key: tool[key] for key in _KEPT if key in tool} for tool in dumped if _NAME.match(tool["name"])]
            cursor = page.next_cursor
            if cursor is None or len(found) > MAX_TOOLS:
                return found[:MAX_TOOLS]
        raise UpstreamError(f"it lists more than {_MAX_PAGES} pages of tools")

    async def call(self, name: str, arguments: Json, progress: Progress) -> Json:
        """The result of tools/call as it goes on the wire. Raises UpstreamError."""
        call = self._client.call_tool(name, arguments, progress_callback=progress, read_timeout_seconds=self._timeout)
        result: Json = (await self._asked(call)).model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"resultType": "complete", **result}

    async def _asked(self, work: Any) -> Any:
        try:
            return await work
        except MCPError as error:
            raise UpstreamError(f"it answers: {error.error.message}") from error
        except (OSError, anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
            raise Gone(f"the connection is gone: {type(error).__name__}") from error


class Gone(UpstreamError):
    """The connection to the server is not there any more."""


@dataclass(frozen=True, slots=True)
class Target:
    """`server`: what the SDK's Client takes: URL, StdioServerParameters, transport. `handshake`: it knows no other beginning."""

    server: Any
    handshake: bool = False


@asynccontextmanager
async def connected(target: Target, call_timeout_s: float) -> AsyncIterator[Upstream]:
    """An open connection. Raises what the server or the way to it brings about."""
    mode: Literal["legacy", "auto"] = "legacy" if target.handshake else "auto"
    # A server that says nothing any more is left, and tried anew.
    async with Client(target.server, mode=mode, read_timeout_seconds=call_timeout_s) as client:
        yield Upstream(client, call_timeout_s)
