# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC over a Wire, as the bridge and the gateway would speak to a board's core, without either."""

import itertools
import secrets
from typing import Any

from wire import Wire

from motet_core.port import HELLO, PRESENCE, REPLY, REQUEST
from motet_core.wire import blocks, hello, packed, presence

TIME_MS = 1_800_000_000_000


class Client:
    """Says hello, then calls one method after the other."""

    def __init__(self, wire: Wire, nonce: bytes = b"8 bytes!") -> None:
        self.wire = wire
        # A board answers an id that it has seen lately with the answer of then: another client must not begin where one has.
        self._ids = itertools.count(secrets.randbits(30))
        self._joiner = blocks.Joiner(65536, lambda: 0)
        wire.until(lambda: wire.link.established, "link")
        wire.send(hello.encode(time_ms=TIME_MS, nonce=nonce, id="b1"), HELLO)
        self.presence: dict[str, Any] = presence.decode(self._take(PRESENCE))

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer's result; an error answer fails the test."""
        answer = self.request(method, **params)
        assert "result" in answer, answer
        return dict(answer["result"])

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        """The whole answer to one request."""
        return self.answer(self.post(method, **params))

    def post(self, method: str, **params: Any) -> int:
        """Send a request without waiting; its id."""
        number = next(self._ids)
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        payload = packed.dumps(message, reply_to="test")
        for frame in blocks.split(payload, self.wire.link.limit, number):
            self.wire.send(frame, REQUEST)
        return number

    def answer(self, number: int) -> dict[str, Any]:
        """The answer to the request with this id, which must be the next one that comes."""
        answer, _ = packed.loads(self._reply())
        assert answer["id"] == number
        return dict(answer)

    def tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The structured content of a tool's result."""
        return dict(self.call("tools/call", name=name, arguments=arguments)["structuredContent"])

    def _reply(self) -> bytes:
        while (payload := self._joiner.feed(self._take(REPLY))) is None:
            pass
        return bytes(payload)

    def _take(self, channel: int) -> bytes:
        def found() -> int | None:
            return next((index for index, item in enumerate(self.wire.messages) if item[0] == channel), None)

        self.wire.until(lambda: found() is not None, f"message on channel {channel}; log: {self.wire.logs}")
        index = found()
        assert index is not None
        return self.wire.messages.pop(index)[1]
