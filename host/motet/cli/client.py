# SPDX-License-Identifier: Apache-2.0
"""How commands talk to a running gateway: its HTTP API for the fleet, MCP for tools.

Commands never go to the broker behind the gateway's back, so that what the gateway decides and records holds for them too.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from motet.cli.console import Exit, FatalError
from motet.cli.mcp_client import connected

DEFAULT_URL = "http://127.0.0.1:8765"
RUN_FILE = "gateway.json"
CONNECT_S = 5.0


def find_gateway(url: str | None, state_dir: Path) -> str:
    """The gateway's base URL: what was asked for, MOTET_GATEWAY_URL, what `motet up` wrote down, or the default."""
    if found := url or os.environ.get("MOTET_GATEWAY_URL"):
        return found.rstrip("/").removesuffix("/mcp")
    try:
        return str(json.loads((state_dir / RUN_FILE).read_text())["url"])
    except (OSError, ValueError, KeyError):
        return DEFAULT_URL


class GatewayClient:
    """One gateway, by its base URL. Every method raises FatalError with a sentence for people."""

    def __init__(self, url: str, timeout_s: float = 30.0) -> None:
        self.url = url
        self.timeout_s = timeout_s

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except httpx2.TimeoutException as error:
            raise FatalError(f"the gateway at {self.url} did not answer in time", Exit.TIMEOUT) from error
        except httpx2.HTTPError as error:
            raise FatalError(
                f"no gateway answers at {self.url} ({error}); start one with `motet up`", Exit.UNREACHABLE
            ) from error

    def _client(self, read_s: float | None) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=httpx2.Timeout(read_s, connect=CONNECT_S))

    def devices(self) -> list[dict[str, Any]]:
        """Every device the gateway knows, online or not."""
        with self._reaching(), self._client(self.timeout_s) as http:
            answer = http.get("/api/v1/devices")
            answer.raise_for_status()
            return list(answer.json()["devices"])

    def install(self, device: str, upload: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Upload an artifact; yields the gateway's progress records, the last one holding `installed`."""
        yield from self._records("POST", f"/api/v1/devices/{device}/artifacts", json=upload)

    def logs(self, device: str | None, follow: bool) -> Iterator[dict[str, Any]]:
        """Log records of one device or all, oldest first; with `follow`, without an end."""
        params = {"follow": "1" if follow else "0", **({"device": device} if device else {})}
        yield from self._records("GET", "/api/v1/logs", params=params)

    def _records(self, method: str, path: str, **request: Any) -> Iterator[dict[str, Any]]:
        with self._reaching(), self._client(None) as http, http.stream(method, path, **request) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise FatalError(_reason(answer), Exit.FAILED)
            for line in answer.iter_lines():
                record = json.loads(line)
                if "error" in record:
                    raise FatalError(str(record["error"]))
                yield record

    def tools(self) -> list[dict[str, Any]]:
        """Every tool, over MCP."""
        return asyncio.run(self._tools())

    async def _tools(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        async with connected(self.url, self.timeout_s) as mcp:
            cursor: str | None = None
            while True:
                page = await mcp.list_tools(cursor=cursor)
                found += [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
                cursor = page.next_cursor
                if not cursor:
                    return found

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """One tools/call over MCP. Returns the result, `isError` included."""
        return asyncio.run(self._call(tool, arguments))

    async def _call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        async with connected(self.url, self.timeout_s) as mcp:
            result = await mcp.call_tool(tool, arguments)
            return result.model_dump(mode="json", by_alias=True, exclude_none=True)


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"the gateway answered {answer.status_code} {answer.reason_phrase}"
