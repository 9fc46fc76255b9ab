# SPDX-License-Identifier: Apache-2.0
"""A host's end of the link over a TCP socket, driven by the test itself: no threads, no waiting without a deadline."""

import contextlib
import select
import socket
import time
from collections.abc import Callable
from typing import Self

from motet_native.frame import Link

PATIENCE = 30.0


class Wire:
    """Connects to the data link's UART of an emulated board, and to that of its console where it has one.

    `raw` keeps every byte that came over the link's UART, `text` what is for people to read; `sent` counts the link's bytes.
    """

    def __init__(self, port: int, link: Link | None = None, console: int | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.console = socket.create_connection(("127.0.0.1", console), timeout=PATIENCE) if console else None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link = link or Link(mtu=512)
        self.raw = bytearray()
        self.text = bytearray() if self.console else self.raw
        self.sent = 0
        self.messages: list[tuple[int, bytes]] = []
        self.logs: list[str] = []
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        if self.console:
            self.console.close()

    def turn(self, longest: float = 0.1) -> None:
        """Send what is due, wait for bytes at most until the link's next timer, take in what came."""
        now = self._now()
        if due := self.link.output(now):
            self.sent += len(due)
            with contextlib.suppress(OSError):
                self.socket.sendall(due)
        ends = [self.socket, self.console] if self.console else [self.socket]
        ready, _, _ = select.select(ends, [], [], min(longest, self.link.timer(now) / 1000))
        if self.socket in ready:
            self._receive()
        if self.console in ready:
            self._read_console()
        while (item := self.link.recv()) is not None:
            self.messages.append(item)
        self.logs += self.link.take_logs()

    def until(self, condition: Callable[[], object], what: str = "condition") -> None:
        """Turn until the condition holds; fails after PATIENCE seconds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"no {what} within {PATIENCE:.0f} s; text: {bytes(self.text[-200:])!r}"
            self.turn()

    def send(self, data: bytes, channel: int = 1) -> None:
        self.until(lambda: self.link.send(channel, data), "room to send")

    def ask(self, data: bytes) -> bytes:
        """Send a message and return the next one that comes."""
        before = len(self.messages)
        self.send(data)
        self.until(lambda: len(self.messages) > before, "answer")
        return self.messages[before][1]

    def _receive(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        self.closed = self.closed or not data
        self.raw += data
        self.link.feed(data, self._now())

    def _read_console(self) -> None:
        assert self.console
        try:
            data = self.console.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.console.close()
            self.console = None
        self.text += data

    @staticmethod
    def _now() -> int:
        return time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF
