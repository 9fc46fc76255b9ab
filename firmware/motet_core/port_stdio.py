# SPDX-License-Identifier: Apache-2.0
"""MCP on standard input and output: one JSON-RPC message a line (MCP 2026-07-28, basic/transports, stdio).

The device answers by itself, without a gateway. Clients of earlier revisions begin with `initialize`; what follows is the same
for both. Nothing but messages goes to standard output; log lines go to standard error.
"""

import asyncio
import json
import sys

from motet_core import VERSION, hosted, platform
from motet_core.errors import WireError
from motet_core.port import HELLO, NOTIFICATION, REPLY, REQUEST, QueuePort
from motet_core.wire import hello, packed

# Revisions with a handshake whose tools look like those of today.
_WITH_HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
_PARSE_ERROR, _INVALID_REQUEST = -32700, -32600
_CHUNK = 4096
# What results hold that may be cached (MCP 2026-07-28, server/utilities/caching).
_CACHEABLE = ("tools", "resources", "resourceTemplates", "prompts", "contents", "supportedVersions")
_CLIENT = "stdio"


class StdioPort(QueuePort):
    """`max_total`: longest message in bytes, as CBOR; a line may be four times as long. `name`: told in `initialize`."""

    def __init__(self, max_total, name):
        super().__init__(max_total)
        self._longest = 4 * max_total
        self._info = {"name": name, "version": VERSION}
        self.deliver(HELLO, hello.encode(time_ms=hosted.unix_ms(), nonce=platform.random_bytes(8)))
        self._open = []
        self._settled = asyncio.Event()
        self._over = False

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
                    self._refuse(None, _INVALID_REQUEST, "a line of more than %d bytes" % self._longest)
                    line, skipping = bytearray(), True
            data = await reader.read(_CHUNK)
        if line:
            self._line(bytes(line))
        self._over = True
        self._settled.set()

    async def ended(self):
        """Returns when the input has ended and all that came is answered."""
        while self._open or not self._over:
            self._settled.clear()
            await self._settled.wait()

    async def send(self, channel, data):
        # Presence is news for brokers.
        if channel not in (REPLY, NOTIFICATION):
            return
        message = packed.loads(data)[0]
        _make_cacheable(message.get("result"))
        self._say(message)
        if "id" in message and "method" not in message:
            self._settle(message["id"])

    def log(self, text):
        hosted.complain(text)

    def _line(self, line):
        if not line.strip():
            return
        try:
            message = json.loads(line)
        except (ValueError, RuntimeError, MemoryError):
            # Of a nesting that is too deep CPython says RuntimeError, MicroPython MemoryError.
            self._refuse(None, _PARSE_ERROR, "not JSON")
            return
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            self._refuse(None, _INVALID_REQUEST, "not a request or notification of JSON-RPC 2.0")
        elif not self._handshake(message):
            self._request(message)

    def _handshake(self, message):
        """Answers what only earlier revisions ask -> whether it was that."""
        method, params = message["method"], message.get("params")
        if "id" not in message:
            return method == "notifications/initialized"
        if method == "initialize":
            asked = params.get("protocolVersion") if isinstance(params, dict) else None
            version = asked if asked in _WITH_HANDSHAKE else _WITH_HANDSHAKE[0]
            result = {"protocolVersion": version, "capabilities": {"tools": {"listChanged": True}}, "serverInfo": self._info}
        elif method == "ping":
            result = {}
        else:
            return False
        self._say({"jsonrpc": "2.0", "id": message["id"], "result": result})
        return True

    def _request(self, message):
        try:
            data = packed.dumps(message, _CLIENT)
        except WireError as error:
            self._refuse(message.get("id"), _INVALID_REQUEST, error.message)
            return
        except UnicodeError:
            self._refuse(message.get("id"), _INVALID_REQUEST, "text that is not UTF-8")
            return
        if len(data) > self.limit:
            self._refuse(message.get("id"), _INVALID_REQUEST, "a request of %d bytes, at most %d" % (len(data), self.limit))
            return
        if "id" in message:
            if not _valid_id(message["id"]):
                self._refuse(None, _INVALID_REQUEST, "id is neither a number nor a text of at most 64 characters")
                return
            if message["id"] in self._open:
                self._refuse(message["id"], _INVALID_REQUEST, "a request with this id is open")
                return
            self._open.append(message["id"])
        elif message["method"] == "notifications/cancelled" and isinstance(message.get("params"), dict):
            # It will not be answered.
            self._settle(message["params"].get("requestId"))
        self.deliver(REQUEST, data)

    def _settle(self, id):
        if id in self._open:
            self._open.remove(id)
            self._settled.set()

    def _refuse(self, id, code, text):
        self._say({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}})

    def _say(self, message):
        sys.stdout.write(json.dumps(_finite(message)) + "\n")
        platform.flush()


def _make_cacheable(result):
    """What a gateway would add: how long what can be cached is good. Not at all, because a device says when it changes."""
    if isinstance(result, dict) and any(name in result for name in _CACHEABLE):
        result.setdefault("ttlMs", 0)
        result.setdefault("cacheScope", "private")


def _finite(value):
    """With null for numbers that JSON does not have: a sensor may read one, and the line would be lost to the client."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(value[key]) for key in value}
    return [_finite(one) for one in value] if isinstance(value, (list, tuple)) else value


def _valid_id(value):
    return (
        isinstance(value, (int, str))
        and value is not True
        and value is not False
        and (isinstance(value, int) or len(value) <= 64)
    )
