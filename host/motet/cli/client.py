# SPDX-License-Identifier: Apache-2.0
"""How commands talk to a running gateway: its HTTP API for the fleet, MCP for tools.

Commands never go to the broker behind the gateway's back, so that what the gateway decides and records holds for them too.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx2

from motet.cli.console import Exit, FatalError

DEFAULT_URL = "http://127.0.0.1:8765"
RUN_FILE = "gateway.json"
CONNECT_S = 5.0
T = TypeVar("T")
# How refusals end a command; any other one is a failure.
_REFUSED = {408: Exit.TIMEOUT, 409: Exit.UNREACHABLE, 503: Exit.UNREACHABLE}


def find_gateway(url: str | None, state_dir: Path) -> str:
    """The gateway's base URL: what was asked for, MOTET_GATEWAY_URL, what `motet up` wrote down, or the default."""
    if found := url or os.environ.get("MOTET_GATEWAY_URL"):
        return found.rstrip("/").removesuffix("/mcp")
    try:
        return str(json.loads((state_dir / RUN_FILE).read_text())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return DEFAULT_URL


def bearer() -> dict[str, str]:
    """The header with the access token of MOTET_TOKEN, for a gateway that asks for one."""
    token = os.environ.get("MOTET_TOKEN")
    return {"authorization": f"Bearer {token}"} if token else {}


class Refused(FatalError):
    """The gateway ended a stream of records with an error; `record` is the last one."""

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__(str(record["error"]))
        self.record = record


class GatewayClient:
    """One gateway, by its base URL. Every method raises FatalError with a sentence for people, so does a URL that is none."""

    def __init__(self, url: str, timeout_s: float = 30.0) -> None:
        if not _is_base_url(url):
            raise FatalError(f"a gateway's URL is like {DEFAULT_URL}, not {url!r}", Exit.USAGE)
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
        except (ValueError, KeyError, TypeError) as error:
            raise FatalError(f"what answers at {self.url} is no gateway", Exit.UNREACHABLE) from error

    def _client(self, read_s: float | None) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers=bearer(), timeout=httpx2.Timeout(read_s, connect=CONNECT_S))

    def devices(self) -> list[dict[str, Any]]:
        """Every device the gateway knows, online or not."""
        return self._list("/api/v1/devices", "devices")

    def install(self, device: str, upload: dict[str, Any], source: str = "", **wish: bool) -> Iterator[dict[str, Any]]:
        """Upload an artifact; yields the gateway's progress records, the last one holding `installed`, `checked` or `current`.

        `wish`: update, force, dry_run. Raises Refused with the whole record when the gateway ends it with an error.
        """
        params = {name: "1" for name, wanted in wish.items() if wanted} | ({"source": source} if source else {})
        yield from self._records("POST", _artifacts(device), self.timeout_s, json=upload, params=params)

    def artifacts(self, device: str) -> list[dict[str, Any]]:
        """What is installed on `device`."""
        return self._list(_artifacts(device), "artifacts")

    def remove(self, device: str, kind: str, name: str, **wish: bool) -> None:
        """Take an artifact off `device`. `wish`: force, though others need it; dry_run."""
        params = {name: "1" for name, wanted in wish.items() if wanted}
        with self._reaching(), self._client(self.timeout_s) as http:
            _check(http.delete(f"{_artifacts(device)}/{kind}/{quote(name, safe='')}", params=params))

    def installed(self) -> list[dict[str, Any]]:
        """What every device holds, with what the gateway knows of it."""
        return self._list("/api/v1/installed", "installed")

    def status(self) -> list[dict[str, Any]]:
        """Every device with its artifacts and vital signs."""
        return self._list("/api/v1/status", "devices")

    def package(self, kind: str, name: str, digest: str = "") -> dict[str, Any]:
        """What is in a package that some device has."""
        with self._reaching(), self._client(self.timeout_s) as http:
            answer = http.get(f"/api/v1/packages/{kind}/{quote(name, safe='')}", params={"digest": digest} if digest else {})
            _check(answer)
            return dict(answer.json())

    def _list(self, path: str, key: str) -> list[dict[str, Any]]:
        with self._reaching(), self._client(self.timeout_s) as http:
            answer = http.get(path)
            _check(answer)
            return list(answer.json()[key])

    def logs(self, device: str | None, follow: bool, **wanted: str) -> Iterator[dict[str, Any]]:
        """Log records of one device or all, oldest first; with `follow`, without an end.

        `wanted`: component, level (this one and worse), since (seconds, or a time in ISO 8601).
        """
        params = {"follow": "1" if follow else "0", **({"device": device} if device else {}), **wanted}
        yield from self._records("GET", "/api/v1/logs", None if follow else self.timeout_s, params=params)

    def _records(self, method: str, path: str, read_s: float | None, **request: Any) -> Iterator[dict[str, Any]]:
        """The records of an answer; `read_s` is the longest wait for the next one, None waits for ever."""
        with self._reaching(), self._client(read_s) as http, http.stream(method, path, **request) as answer:
            _check(answer)
            for line in answer.iter_lines():
                record = json.loads(line)
                if "error" in record:
                    raise Refused(record)
                yield record

    def views(self) -> list[dict[str, Any]]:
        """The whole fleet, and the views of the gateway's configuration."""
        return self._list("/api/v1/views", "views")

    def tools(self, view: str = "") -> list[dict[str, Any]]:
        """Every tool of a view, over MCP."""
        return self._in_time(self._tools(view))

    async def _tools(self, view: str) -> list[dict[str, Any]]:
        from motet.cli.mcp_client import connected

        found: list[dict[str, Any]] = []
        async with connected(self.url, self.timeout_s, view) as mcp:
            cursor: str | None = None
            while True:
                page = await mcp.list_tools(cursor=cursor)
                found += [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
                cursor = page.next_cursor
                if not cursor:
                    return found

    def call(self, tool: str, arguments: dict[str, Any], view: str = "") -> dict[str, Any]:
        """One tools/call over MCP in a view. Returns the result, `isError` included."""
        return self._in_time(self._call(tool, arguments, view))

    def _in_time(self, work: Coroutine[Any, Any, T]) -> T:
        # The SDK's client waits for each step of its handshake anew.
        try:
            return asyncio.run(asyncio.wait_for(work, self.timeout_s))
        except TimeoutError as error:
            raise FatalError(f"the gateway at {self.url} did not answer in time", Exit.TIMEOUT) from error

    async def _call(self, tool: str, arguments: dict[str, Any], view: str) -> dict[str, Any]:
        from motet.cli.mcp_client import connected

        async with connected(self.url, self.timeout_s, view) as mcp:
            result = await mcp.call_tool(tool, arguments)
            return result.model_dump(mode="json", by_alias=True, exclude_none=True)


def _artifacts(device: str) -> str:
    return f"/api/v1/devices/{quote(device, safe='')}/artifacts"


def _is_base_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _check(answer: httpx2.Response) -> None:
    """Raises FatalError with the gateway's own words when it refused."""
    if answer.status_code < 400:
        return
    answer.read()
    try:
        reason = str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        reason = f"the gateway answered {answer.status_code} {answer.reason_phrase}"
    raise FatalError(reason, _REFUSED.get(answer.status_code, Exit.FAILED))
