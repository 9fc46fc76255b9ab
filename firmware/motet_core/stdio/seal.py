# SPDX-License-Identifier: Apache-2.0
"""Request state that travels through the client (MCP 2026-07-28, multi round-trip requests): only what this process has made, for
this very request, within ten minutes comes back in."""

import hashlib

from motet_core import platform
from motet_core.cbor_writer import Writer
from motet_core.errors import InvalidParams
from motet_core.wire.packed import from_base64, to_base64

_LIFE_MS = 600000
_TAG = 32
_TIME = 8


class Seal:
    def __init__(self):
        self._key = platform.random_bytes(32)

    def close(self, state, method, params):
        """The device's own state, a text -> what the client is given."""
        head = (platform.clock_ms() + _LIFE_MS).to_bytes(_TIME, "big")
        data = state.encode()
        return to_base64(self._tag(head + data, method, params) + head + data)

    def open(self, text, method, params):
        """The opposite. InvalidParams: not made here, of another request, or too old."""
        data = from_base64(text) if isinstance(text, str) else None
        if data is None or len(data) < _TAG + _TIME or self._tag(data[_TAG:], method, params) != data[:_TAG]:
            raise InvalidParams("requestState: not of this request")
        if int.from_bytes(data[_TAG : _TAG + _TIME], "big") < platform.clock_ms():
            raise InvalidParams("requestState: too old")
        return str(data[_TAG + _TIME :], "utf-8")

    def _tag(self, data, method, params):
        """HMAC (RFC 2104) over the state and what must be the same in the next round."""
        bound = Writer().write([method, params.get("name"), params.get("uri"), params.get("arguments")])
        inner = hashlib.sha256(self._pad(0x36) + hashlib.sha256(bytes(bound)).digest() + data).digest()
        return hashlib.sha256(self._pad(0x5C) + inner).digest()

    def _pad(self, byte):
        return bytes(one ^ byte for one in self._key + bytes(32))
