# SPDX-License-Identifier: Apache-2.0
"""HTTP for content from elsewhere: bounded in bytes and in time, however the other side behaves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx2

from motet.components.errors import ComponentError

CONNECT_S = 10.0
# Between two pieces of an answer, and for the whole of it: a server that drips is not waited for for ever.
READ_S = 20.0
TOTAL_S = 120.0
_REDIRECTS = 5

# (status, headers, body)
Answer = tuple[int, Mapping[str, str], bytes]


class TransferError(ComponentError):
    """A package cannot be had from where it should be; the message says where and why."""


class Http:
    """A client for one origin of packages. A context manager."""

    def __init__(self, total_s: float = TOTAL_S, read_s: float = READ_S) -> None:
        self._total_s = total_s
        limits = httpx2.Timeout(read_s, connect=min(CONNECT_S, read_s))
        self._client = httpx2.Client(timeout=limits, follow_redirects=True, max_redirects=_REDIRECTS)

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, url: str, most: int, **arguments: Any) -> Answer:
        """(status, headers, body of at most `most` bytes). Raises TransferError."""
        deadline, body = time.monotonic() + self._total_s, bytearray()
        try:
            with self._client.stream(method, url, **arguments) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > most:
                        raise TransferError(f"{url}: more than the {most} bytes that are taken from there")
                    if time.monotonic() > deadline:
                        raise TransferError(f"{url}: not finished after {self._total_s:.0f} s")
                return answer.status_code, answer.headers, bytes(body)
        except httpx2.TimeoutException:
            raise TransferError(f"{url}: no answer in time") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TransferError(f"{url}: {error}") from None

    def get(self, url: str, most: int, **headers: str) -> bytes:
        """The body of a 200. Raises TransferError."""
        status, _, body = self.ask("GET", url, most, headers=headers)
        if status != 200:
            raise TransferError(f"{url}: answered {status}")
        return body
