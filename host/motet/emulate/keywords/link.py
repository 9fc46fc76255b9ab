# SPDX-License-Identifier: Apache-2.0
"""A host's end of a board's framed link over a TCP terminal: sessions, requests and answers, without a gateway."""

from __future__ import annotations

import contextlib
import itertools
import re
import secrets
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from motet_native.frame import Link

from motet.emulate.keywords.errors import KeywordError
from motet_core.port import HELLO, PRESENCE, REPLY, REQUEST
from motet_core.wire import blocks, hello, packed, presence

_MTU, _MAX_TOTAL = 512, 65536
# Text outside of frames, as a board prints it before the link is up and when it faults.
_TEXT = re.compile(rb"[\t\x20-\x7e]{4,}")


class BoardLink:
    """Connects to 127.0.0.1. ``patience``: seconds of our time that anything may take. Raises KeywordError."""

    def __init__(self, port: int, patience: float, stop: Callable[[], str | None] = lambda: None) -> None:
        self.patience, self._stop = patience, stop
        self.presence: dict[str, Any] = {}
        self.logs: list[str] = []
        self.raw = bytearray()
        self._link = Link(mtu=_MTU)
        self._messages: list[tuple[int, bytes]] = []
        self._joiner = blocks.Joiner(_MAX_TOTAL, lambda: 0)
        self._ids = itertools.count(1)
        # A board answers a doubled request from memory; after us comes another with the same numbers.
        self._reply_to = f"robot-{secrets.token_hex(4)}"
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        except (OSError, OverflowError) as error:
            raise KeywordError(f"no terminal on port {port}: {error}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    @property
    def sessions_ended(self) -> int:
        """How often the board restarted while we were connected."""
        return int(self._link.resets)

    def greet(self, id: str) -> dict[str, Any]:
        """Wait for a session, say hello, return what the board says about itself."""
        self._until(lambda: self._link.established, "the board's end of the link")
        self._joiner.clear()
        self._messages.clear()
        now = time.time_ns() // 1_000_000
        self._send(hello.encode(time_ms=now, nonce=now.to_bytes(8, "big"), id=id), HELLO)
        self.presence = dict(presence.decode(self._take(PRESENCE, "presence record")))
        return self.presence

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one request. Raises KeywordError with the board's words when it is refused."""
        number = next(self._ids)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        for frame in blocks.split(packed.dumps(request, reply_to=self._reply_to), self._link.limit or _MTU, number):
            self._send(frame, REQUEST)
        while True:
            answer = self._answer(method)
            if answer.get("id") == number:
                break
        if "error" in answer:
            raise KeywordError(f"{method}: error {answer['error']['code']}: {answer['error']['message']}")
        return dict(answer["result"])

    def wait_for_restart(self, before: int) -> None:
        """Until the board began another session than the one that was the ``before``-th."""
        self._until(lambda: self._link.resets > before and self._link.established, "a session after the restart")

    def _answer(self, method: str) -> dict[str, Any]:
        while (payload := self._joiner.feed(self._take(REPLY, f"answer to {method}"))) is None:
            pass
        return dict(packed.loads(bytes(payload))[0])

    def _take(self, channel: int, what: str) -> bytes:
        def place() -> int | None:
            return next((index for index, item in enumerate(self._messages) if item[0] == channel), None)

        before = self._link.resets
        self._until(lambda: place() is not None or self._link.resets != before, what)
        index = place()
        if index is None:
            raise KeywordError(f"the board restarted instead of sending its {what}; it said: {self._text()}")
        return self._messages.pop(index)[1]

    def _send(self, data: bytes, channel: int) -> None:
        self._until(lambda: self._link.send(channel, data), "room in the link")

    def _until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + self.patience
        while not condition():
            if why := self._stop():
                raise KeywordError(why)
            if time.monotonic() > deadline:
                raise KeywordError(f"no {what} within {self.patience:.0f} s; the board said: {self._text()}")
            self._turn()

    def _turn(self) -> None:
        now = time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF
        if due := self._link.output(now):
            with contextlib.suppress(OSError):
                self._socket.sendall(due)
        ready, _, _ = select.select([self._socket], [], [], min(0.1, self._link.timer(now) / 1000))
        if ready:
            self._receive(now)
        while (item := self._link.recv()) is not None:
            self._messages.append(item)
        self.logs += self._link.take_logs()

    def _receive(self, now: int) -> None:
        try:
            data = self._socket.recv(65536)
        except OSError as error:
            raise KeywordError(f"the terminal failed: {error}") from None
        if not data:
            raise KeywordError(f"the terminal was closed; the board said: {self._text()}")
        self.raw = (self.raw + data)[-4096:]
        self._link.feed(data, now)

    def _text(self) -> str:
        said = [part.decode("ascii") for part in _TEXT.findall(self.raw)][-5:] + self.logs[-5:]
        return " | ".join(said) or "nothing"
