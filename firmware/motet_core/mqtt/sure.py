# SPDX-License-Identifier: Apache-2.0
"""Publications with QoS 1 (MQTT, 4.3.2): kept until the broker acknowledges them, and sent again over the next connection."""

import asyncio

_MOST = 16


class Sure:
    """`put`: async (topic, payload, number or None, retain, again) -> whether it was written; None when it never can be."""

    def __init__(self, put):
        self.acknowledged = 0
        # The highest quality of service that the broker has; with 0, written is all there is to know.
        self.quality = 1
        self._put = put
        # By number: [topic, payload, retain, whether it was sent before].
        self._kept = {}
        self._under_way = set()
        self._at_once = _MOST
        self._number = 0
        self._room = asyncio.Event()

    async def publish(self, topic, payload, retain):
        """Goes out now or later. Waits for room only."""
        while len(self._kept) >= _MOST:
            self._room.clear()
            await self._room.wait()
        self._kept[self.next_number()] = [topic, payload, retain, False]
        await self.send()

    def connected(self, quality, at_once):
        """Another connection, with what its broker has and takes: so many without an acknowledgement."""
        self.quality, self._at_once = quality, at_once
        self._under_way.clear()

    async def send(self):
        """What the broker has room for."""
        for number in sorted(self._kept):
            if len(self._under_way) >= self._at_once:
                return
            one = self._kept.get(number)
            if one is None or number in self._under_way:
                continue
            self._under_way.add(number)
            topic, payload, retain, again = one
            asked = number if self.quality else None
            written = await self._put(topic, payload, asked, retain, again and asked is not None)
            one[3] = again or written is True
            if written is None or (written and asked is None):
                self._forget(number)

    def settle(self, number):
        """The broker has it."""
        if number in self._kept:
            self.acknowledged += 1
            self._forget(number)

    def next_number(self):
        """Of a packet that is answered, 1 to 65535."""
        while True:
            self._number = self._number % 65535 + 1
            if self._number not in self._kept:
                return self._number

    def _forget(self, number):
        self._kept.pop(number, None)
        self._under_way.discard(number)
        self._room.set()
