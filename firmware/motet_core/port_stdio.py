# SPDX-License-Identifier: Apache-2.0
"""MCP on standard input and output: one JSON-RPC message a line (MCP 2026-07-28, basic/transports, stdio).

The device answers by itself, without a gateway (see stdio.session). Nothing but messages goes to standard output; log lines go
to standard error.
"""

import asyncio
import json
import sys

from motet_core import VERSION, hosted, platform
from motet_core.errors import InvalidRequest, WireError
from motet_core.port import HELLO, NOTIFICATION, REPLY, REQUEST, QueuePort
from motet_core.stdio.session import Session
from motet_core.wire import hello, packed

_CHUNK = 4096


class StdioPort(QueuePort):
    """`max_total`: longest message in bytes, as CBOR; a line may be four times as long. `name`: told in `initialize`."""

    def __init__(self, max_total, name):
        super().__init__(max_total)
        self._longest = 4 * max_total
        self.deliver(HELLO, hello.encode(time_ms=hosted.unix_ms(), nonce=platform.random_bytes(8)))
        self._settled = asyncio.Event()
        self._over = False
        self._session = Session(_say, self._pass_on, max_total, {"name": name, "version": VERSION}, self._settled.set)

    async def run(self):
        """Reads until the input ends."""
        reader = await hosted.standard_input()
        line, skipping = bytearray(), False
        data = await reader.read(_CHUNK)
        while data:
            *ended, rest = data.split(b"\n")
            for part in ended:
                if not skipping:
                    self._line(bytes(line) + part)
                line, skipping = bytearray(), False
            if not skipping:
                line.extend(rest)
                if len(line) > self._longest:
                    self._session.refuse(None, InvalidRequest("a line of more than %d bytes" % self._longest))
                    line, skipping = bytearray(), True
            data = await reader.read(_CHUNK)
        if line:
            self._line(bytes(line))
        self._over = True
        self._settled.set()

    async def ended(self):
        """Returns when the input has ended and all that came is answered."""
        while not (self._over and self._session.idle):
            self._settled.clear()
            await self._settled.wait()

    async def send(self, channel, data):
        # Presence is news for brokers.
        if channel not in (REPLY, NOTIFICATION):
            return
        message = packed.loads(data)[0]
        if channel == NOTIFICATION:
            self._session.happened(message)
        elif "method" in message:
            _say(message)
        else:
            self._session.answered(message)

    def log(self, text):
        hosted.complain(text)

    def _pass_on(self, data):
        self.deliver(REQUEST, data)

    def _line(self, line):
        if not line.strip():
            return
        try:
            message = json.loads(line)
        except (ValueError, RuntimeError, MemoryError):
            # Of a nesting that is too deep CPython says RuntimeError, MicroPython MemoryError.
            self._session.refuse(None, WireError("not JSON"))
            return
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            self._session.refuse(None, InvalidRequest("not a request or notification of JSON-RPC 2.0"))
        else:
            self._session.take(message)


def _say(message):
    sys.stdout.write(json.dumps(_finite(message)) + "\n")
    platform.flush()


def _finite(value):
    """With null for numbers that JSON does not have: a sensor may read one, and the line would be lost to the client."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(value[key]) for key in value}
    return [_finite(one) for one in value] if isinstance(value, (list, tuple)) else value
