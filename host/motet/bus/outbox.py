# SPDX-License-Identifier: Apache-2.0
"""Messages that must reach the broker although the connection may break: kept until acknowledged or no longer wanted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from motet.bus.errors import BusFull


class Receipt(Protocol):
    """What a connection gives back for a published message."""

    def is_published(self) -> bool: ...


@dataclass(slots=True)
class Message:
    """One QoS 1 message; `deadline` is in the clock's seconds, `receipt` is that of the connection that sent it last."""

    topic: str
    payload: bytes
    retain: bool
    deadline: float
    receipt: Receipt | None = None


class Outbox:
    """Keeps the order of publishing; holds at most `max_messages` and `max_bytes`. `expired` counts what was given up."""

    def __init__(self, clock: Callable[[], float], max_messages: int = 1000, max_bytes: int = 4 << 20) -> None:
        self._clock, self._max_messages, self._max_bytes = clock, max_messages, max_bytes
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self.expired = 0

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, topic: str, payload: bytes, retain: bool, ttl: float) -> Message:
        """Remember a message for `ttl` seconds. Raises BusFull."""
        if self._full(payload):
            self._clean()
            if self._full(payload):
                raise BusFull(f"{len(self._messages)} messages wait for the broker already")
        message = Message(topic, payload, retain, self._clock() + ttl)
        self._messages.append(message)
        self._bytes += len(payload)
        # The oldest are acknowledged first, so this is all the cleaning a healthy connection needs.
        while self._messages[0].receipt is not None and self._messages[0].receipt.is_published():
            self._bytes -= len(self._messages.popleft().payload)
        return message

    def unsent(self) -> list[Message]:
        """What a new connection has to send, oldest first."""
        self._clean()
        return list(self._messages)

    def _full(self, payload: bytes) -> bool:
        return len(self._messages) >= self._max_messages or self._bytes + len(payload) > self._max_bytes

    def _clean(self) -> None:
        now, kept = self._clock(), deque[Message]()
        for message in self._messages:
            if message.receipt is not None and message.receipt.is_published():
                continue
            if message.deadline < now:
                self.expired += 1
            else:
                kept.append(message)
        self._messages = kept
        self._bytes = sum(len(message.payload) for message in kept)
