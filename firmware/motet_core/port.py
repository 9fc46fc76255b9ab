# SPDX-License-Identifier: Apache-2.0
"""How the device core meets the outside: messages on channels, over the reliable link or within one process.

A port has: limit (longest message it takes), send_limit (longest that may be sent now), resets (grows when the peer
restarted), take() -> (channel, bytes) or None, async recv(), async send(channel, data), set_current(cancel key),
log(text), stats() -> dict, async run(). One that sends to several places also has route(channel, whole message), called
before the frames of the message are sent.
"""

import asyncio

HELLO = 0
REQUEST = 1
REPLY = 2
NOTIFICATION = 3
PRESENCE = 4


class LinkPort:
    """What all ports over a motet_native.frame.Link share; a subclass knows how to wait for it."""

    def __init__(self, link, mtu):
        self.link = link
        self.limit = mtu

    @property
    def send_limit(self):
        return self.link.limit or self.limit

    @property
    def resets(self):
        return self.link.resets

    def take(self):
        return self.link.recv()

    def set_current(self, key):
        self.link.current = key

    def log(self, text):
        self.link.log(text)

    def stats(self):
        return self.link.stats

    async def recv(self):
        while True:
            item = self.take()
            if item is not None:
                return item
            await self.wait_readable()

    async def send(self, channel, data):
        while not self.link.send(channel, data):
            await self.wait_writable()


class QueuePort:
    """What ports without a link share: messages that have come wait in a list; cancellations are messages like others."""

    def __init__(self, limit):
        self.limit = limit
        self.send_limit = limit
        self.resets = 0
        self.current = 0
        self._inbox = []
        self._arrived = asyncio.Event()

    def take(self):
        return self._inbox.pop(0) if self._inbox else None

    def set_current(self, key):
        self.current = key

    def stats(self):
        return {}

    async def recv(self):
        while not self._inbox:
            self._arrived.clear()
            await self._arrived.wait()
        return self._inbox.pop(0)

    def deliver(self, channel, data):
        self._inbox.append((channel, data))
        self._arrived.set()


class MemoryPort(QueuePort):
    """One end of a connection within a process: fleets of simulated devices, and tests. See `pair`."""

    def __init__(self, limit):
        super().__init__(limit)
        self.logs = []
        self.peer = None

    def log(self, text):
        self.logs.append(text)

    async def send(self, channel, data):
        if len(data) > self.limit:
            raise ValueError("message of %d bytes, limit %d" % (len(data), self.limit))
        self.peer.deliver(channel, bytes(data))

    async def run(self):
        """Nothing to pump."""


def pair(limit=512):
    """Two connected memory ports."""
    one, other = MemoryPort(limit), MemoryPort(limit)
    one.peer, other.peer = other, one
    return one, other
