# SPDX-License-Identifier: Apache-2.0
"""What was sent to the broker and waits for its acknowledgement, by packet number (MQTT 3.1.1, 2.3.1: one range for all)."""

from __future__ import annotations

import asyncio

from motet.bus.errors import BusFull, BusRefused

_NUMBERS = 0xFFFF
_REFUSED = 0x80


class Receipt:
    """Tells whether the broker has a published message."""

    __slots__ = ("published",)

    def __init__(self, published: bool = False) -> None:
        self.published = published

    def is_published(self) -> bool:
        """Whether it is acknowledged, or nobody asked for that (QoS 0)."""
        return self.published


class Waiting:
    """Publications, subscriptions and their ends that are not acknowledged."""

    def __init__(self) -> None:
        self._sent: dict[int, Receipt | asyncio.Future[None] | None] = {}
        self._number = 0

    def add(self, what: Receipt | asyncio.Future[None] | None) -> int:
        """The number for a new packet. Raises BusFull."""
        if len(self._sent) >= _NUMBERS:
            raise BusFull("too many messages wait for the broker")
        self._number = self._number % _NUMBERS + 1
        while self._number in self._sent:
            self._number = self._number % _NUMBERS + 1
        self._sent[self._number] = what
        return self._number

    def published(self, number: int) -> None:
        """PUBACK; one that answers nothing is ignored."""
        if isinstance(receipt := self._sent.get(number), Receipt):
            receipt.published = True
            del self._sent[number]

    def consented(self, number: int, reasons: bytes, who: str) -> None:
        """SUBACK, with a reason for each filter. `who` is for the text of a refusal."""
        waiter = self._sent.get(number)
        if not isinstance(waiter, asyncio.Future):
            return
        del self._sent[number]
        refused = [reason for reason in reasons if reason >= _REFUSED]
        if refused:
            end(waiter, BusRefused(f"{who} refused a subscription: reason {refused[0]}"))
        elif not waiter.done():
            waiter.set_result(None)

    def unsubscribed(self, number: int) -> None:
        """UNSUBACK."""
        if self._sent.get(number, self) is None:
            del self._sent[number]

    def fail(self, error: Exception) -> None:
        """None of it will be acknowledged."""
        for waiter in self._sent.values():
            if isinstance(waiter, asyncio.Future):
                end(waiter, error)
        self._sent.clear()


def end(waiter: asyncio.Future[None], error: Exception) -> None:
    """Let whoever waits know; nobody may be waiting any more."""
    if not waiter.done():
        waiter.set_exception(error)
        waiter.exception()
