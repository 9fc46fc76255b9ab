# SPDX-License-Identifier: Apache-2.0
"""Closed-loop HTTP load on an MCP server: a few connections, each with one tools/call in flight; every answer is checked.

Raw HTTP/1.1 over asyncio: the SDK's own client costs several times what the server under test does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import cast

MODERN = "2026-07-28"
_META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "load", "version": "1"},
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A complete tools/call of MCP 2026-07-28 as HTTP, and what its answer must hold."""

    request: bytes
    answer: bytes


def exchange(port: int, tool: str, number: int) -> Exchange:
    """Call `number`, from 0 on: of a tool that adds up its two arguments."""
    arguments = {"channel": 10_000 + number % 80_000, "samples": 7}
    params = {"name": tool, "arguments": arguments, "_meta": _META}
    body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode()
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {MODERN}\r\nMcp-Method: tools/call\r\n"
        f"Mcp-Name: {tool}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Exchange(head.encode() + body, f'"structuredContent":{{"value":{sum(arguments.values())}}}'.encode())


@dataclass
class Load:
    """What one run saw."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    first_failure: bytes = b""


class _Connection(asyncio.Protocol):
    def __init__(self, exchanges: Iterator[Exchange], load: Load, until: float, done: asyncio.Future[None]) -> None:
        self._exchanges, self._load, self._until, self._done = exchanges, load, until, done
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        self._exchange = next(self._exchanges)
        self._sent = time.perf_counter()
        self._transport.write(self._exchange.request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(self._buffer) >= end + 4 + length:
            self._answered(self._buffer)
            self._buffer = b""

    def _answered(self, answer: bytes) -> None:
        self._load.seconds.append(time.perf_counter() - self._sent)
        if not answer.startswith(b"HTTP/1.1 200") or self._exchange.answer not in answer:
            self._load.failed += 1
            self._load.first_failure = self._load.first_failure or answer
        if time.perf_counter() < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def drive(port: int, tools: Sequence[str], connections: int, seconds: float) -> Load:
    """Keep `connections` calls in flight for `seconds`, of one tool after the other."""
    loop, load, until = asyncio.get_running_loop(), Load(), time.perf_counter() + seconds
    exchanges = (exchange(port, tools[number % len(tools)], number) for number in count())
    ends = [loop.create_future() for _ in range(connections)]
    for done in ends:
        await loop.create_connection(lambda done=done: _Connection(exchanges, load, until, done), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    return load
