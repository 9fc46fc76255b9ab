# SPDX-License-Identifier: Apache-2.0
"""HTTP for content from elsewhere: bounded in bytes and in time, however the other side behaves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from motet.components.errors import ComponentError

CONNECT_S = 10.0
# Between two pieces of an answer, and for the whole of it: a server that drips is not waited for for ever.
READ_S = 20.0
TOTAL_S = 120.0
# What is large may take longer, by as many bytes a second at least.
_SMALL, _SLOWEST = 4 << 20, 256 << 10
_REDIRECTS = 5
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

# (status, headers, body)
Answer = tuple[int, Mapping[str, str], bytes]


class TransferError(ComponentError):
    """A package cannot be had from where it should be; the message says where and why."""


class Http:
    """A client for one origin of packages. A context manager; not for use inside a running event loop."""

    def __init__(self, total_s: float = TOTAL_S, read_s: float = READ_S) -> None:
        self._total_s = total_s
        limits = httpx2.Timeout(read_s, connect=min(CONNECT_S, read_s))
        # Nothing compressed: a few bytes of that unfold into any number before they can be counted.
        self._client = httpx2.AsyncClient(timeout=limits, headers={"Accept-Encoding": "identity"})
        # An event loop, because there one deadline ends whatever is being waited for, dripping headers too.
        self._runner = asyncio.Runner()

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def ask(self, method: str, url: str, most: int, **arguments: Any) -> Answer:
        """(status, headers, body of at most `most` bytes). Raises TransferError."""
        total_s = self._total_s + max(0, max(most, len(arguments.get("content", b""))) - _SMALL) / _SLOWEST
        try:
            return self._runner.run(self._follow(method, url, most, arguments, total_s))
        except TimeoutError:
            raise TransferError(f"{url}: not finished after {total_s:.0f} s") from None
        except httpx2.TimeoutException:
            raise TransferError(f"{url}: no answer in time") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise TransferError(f"{url}: {error}") from None

    def get(self, url: str, most: int, **headers: str) -> bytes:
        """The body of a 200. Raises TransferError."""
        status, _, body = self.ask("GET", url, most, headers=headers)
        if status != 200:
            raise TransferError(f"{url}: answered {status}")
        return body

    async def _follow(self, method: str, url: str, most: int, arguments: dict[str, Any], total_s: float) -> Answer:
        async with asyncio.timeout(total_s):
            for _ in range(_REDIRECTS + 1):
                check_scheme(url)
                answer, location = await self._once(method, url, most, arguments)
                if location is None:
                    return answer
                url, arguments = _redirected(url, location, arguments)
        raise TransferError(f"{url}: redirected more than {_REDIRECTS} times")

    async def _once(self, method: str, url: str, most: int, arguments: dict[str, Any]) -> tuple[Answer, str | None]:
        body = bytearray()
        async with self._client.stream(method, url, **arguments) as answer:
            if answer.has_redirect_location and method in ("GET", "HEAD"):
                return (answer.status_code, answer.headers, b""), answer.headers["location"]
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                raise TransferError(f"{url}: compressed, which was not asked for")
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > most:
                    raise TransferError(f"{url}: more than the {most} bytes that are taken from there")
            return (answer.status_code, answer.headers, bytes(body)), None


def check_scheme(url: str) -> None:
    """Raises TransferError unless it is https, or plain http on this very machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise TransferError(f"{url}: only https is taken, or http from this machine")


def _redirected(url: str, location: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Where to go on and with what: from https never to plain http, and to another server never with credentials."""
    there = urljoin(url, location)
    if urlsplit(url).scheme == "https" != urlsplit(there).scheme:
        raise TransferError(f"{url}: redirects to {there}, which is not https")
    if urlsplit(there)[:2] == urlsplit(url)[:2]:
        return there, arguments
    headers = {key: value for key, value in arguments.get("headers", {}).items() if key.lower() != "authorization"}
    return there, {key: value for key, value in arguments.items() if key != "auth"} | {"headers": headers}
