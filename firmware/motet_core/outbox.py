# SPDX-License-Identifier: Apache-2.0
"""Notifications from wherever work runs, also from the thread of a component, sent by the loop in their order."""

import asyncio

from motet_core import platform
from motet_core.wire import packed

# As many wait at most: a component that talks more than the link can carry is not to take the device's memory.
_ROOM = 8


class Outbox:
    """`send`: async (bytes)."""

    def __init__(self, send):
        self.dropped = 0
        self._send = send
        self.waiting = []
        self._event = asyncio.Event()
        self._wake = self._event.set

    def tell(self, level, logger, data):
        """A line of the device's log, under somebody's name."""
        self.put("notifications/message", {"level": level, "logger": logger, "data": data})

    def put(self, method, params):
        """-> whether there was room for it. Never waits."""
        if len(self.waiting) >= _ROOM:
            self.dropped += 1
            return False
        self.waiting.append(packed.dumps({"jsonrpc": "2.0", "method": method, "params": params}))
        self._wake()
        return True

    async def run(self):
        """Sends for ever."""
        self._wake = platform.waker(self._event)
        while True:
            self._event.clear()
            while self.waiting:
                await self._send(self.waiting.pop(0))
            await self._event.wait()
