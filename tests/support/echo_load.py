# SPDX-License-Identifier: Apache-2.0
"""Calls of virtual devices over HTTP, a few at the same time, each answer held against what it must be."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable

from tests.support.mcp_http import META, modern_headers
from tests.support.virtual_fleet import ECHO, SLOW

# After a call that found its device gone, as any client would wait.
_PAUSE_S = 0.05
_SHOWN = 300
# One in so many goes to the slow tool, one in so many is larger than a frame of the device.
_SLOW, _LARGE = 97, 53


class Load:
    """What came of `calls` calls of `devices`; `called(number)` is told after each."""

    def __init__(self, calls: int, devices: list[str], called: Callable[[int], None]) -> None:
        self.calls, self.devices, self._called = calls, devices, called
        self.right = self.wrong = self.done = 0
        self.failed: Counter[str] = Counter()
        self.first_wrong = ""
        self._next = 0
        self._ended = asyncio.Event()

    async def run(self, port: int, connections: int) -> None:
        """Returns when the last call has its answer. Raises ConnectionError when the gateway hangs up."""
        loop = asyncio.get_running_loop()
        lost: asyncio.Future[None] = loop.create_future()
        transports = [
            (await loop.create_connection(lambda: _Connection(self, port, lost), "127.0.0.1", port))[0]
            for _ in range(connections)
        ]
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait((ended, lost), return_when=asyncio.FIRST_COMPLETED)
            if lost.done():
                lost.result()
        finally:
            ended.cancel()
            lost.cancel()
            for transport in transports:
                transport.abort()

    def next(self) -> int | None:
        """The number of the next call, None when there is none."""
        if self._next == self.calls:
            return None
        self._next += 1
        return self._next

    def request(self, number: int) -> tuple[str, bytes]:
        """(device, body) of call `number`."""
        device = self.devices[number % len(self.devices)]
        tool = f"{device}.{SLOW if number % _SLOW == 0 else ECHO}"
        params = {"name": tool, "arguments": {"text": text_of(number)}, "_meta": META}
        return tool, json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode()

    def answered(self, number: int, status: int, body: bytes) -> bool:
        """Count the answer; whether the device answered."""
        device = self.devices[number % len(self.devices)]
        message = json.loads(body)
        result, error = message.get("result"), message.get("error")
        expected = {"device": device, "text": text_of(number)}
        if error is not None and message.get("id") == number and type(error.get("code")) is int:
            self.failed[str(error["code"])] += 1
        elif status == 200 and result and message["id"] == number and result["structuredContent"] == expected:
            self.right += 1
        else:
            self.wrong += 1
            self.first_wrong = self.first_wrong or f"{number}: {status} {body[:_SHOWN]!r}"
        self.done += 1
        self._called(self.done)
        if self.done == self.calls:
            self._ended.set()
        return error is None


def text_of(number: int) -> str:
    """What call `number` says, unlike any other call."""
    return f"call {number} " + "." * (1500 if number % _LARGE == 0 else 30)


class _Connection(asyncio.Protocol):
    """One call at a time."""

    def __init__(self, load: Load, port: int, lost: asyncio.Future[None]) -> None:
        self._load, self._port, self._lost = load, port, lost
        self._buffer, self._number = bytearray(), 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        number = self._load.next()
        if number is None:
            return
        self._number = number
        tool, body = self._load.request(number)
        head = {**modern_headers("tools/call", tool), "host": f"127.0.0.1:{self._port}", "content-length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self._transport.write(f"POST /mcp HTTP/1.1\r\n{lines}\r\n".encode() + body)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = int(self._buffer[:end].lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        status, body = int(self._buffer[9:12]), bytes(self._buffer[end + 4 :])
        self._buffer.clear()
        if self._load.answered(self._number, status, body):
            self._send()
        else:
            asyncio.get_running_loop().call_later(_PAUSE_S, self._send)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._lost.done():
            self._lost.set_exception(ConnectionError(f"the gateway hung up: {exc}"))
