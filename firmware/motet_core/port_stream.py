# SPDX-License-Identifier: Apache-2.0
"""The port of a device that is a process: a listening socket takes the place of the serial line.

A serial line has one peer, so a new connection ends the one before it. The link outlives connections.
"""

import asyncio

from motet_core.hosted import close_stream
from motet_core.platform import clock_ms
from motet_core.port import LinkPort

_CHUNK = 1024


class StreamPort(LinkPort):
    def __init__(self, link, mtu):
        super().__init__(link, mtu)
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._kick = asyncio.Event()
        self._task = None
        self._writer = None

    def take(self):
        item = self.link.recv()
        if item is not None:
            # A free receive slot may be news for the peer.
            self._kick.set()
        return item

    def log(self, text):
        self.link.log(text)
        self._kick.set()

    async def send(self, channel, data):
        await super().send(channel, data)
        self._kick.set()

    async def wait_readable(self):
        self._readable.clear()
        await self._readable.wait()

    async def wait_writable(self):
        self._writable.clear()
        await self._writable.wait()

    async def connected(self, reader, writer):
        """Callback of asyncio.start_server."""
        task = asyncio.current_task()
        if self._task is not None:
            self._task.cancel()
        self._task, self._writer = task, writer
        self._kick.set()
        try:
            await self._receive(reader)
        except OSError:
            pass
        finally:
            if self._task is task:
                self._task = self._writer = None
            await close_stream(writer)

    async def _receive(self, reader):
        data = await reader.read(_CHUNK)
        while data:
            self._feed(data)
            data = await reader.read(_CHUNK)

    def _feed(self, data):
        self.link.feed(data, clock_ms())
        self._readable.set()
        self._writable.set()
        self._kick.set()

    async def run(self):
        """Writes what the link wants on the wire, now and when its timers ask for it."""
        while True:
            self._kick.clear()
            writer = self._writer
            data = self.link.output(clock_ms()) if writer is not None else b""
            if data:
                await self._write(writer, data)
            else:
                await self._wait(writer)

    async def _write(self, writer, data):
        try:
            writer.write(data)
            await writer.drain()
        except OSError:
            if self._writer is writer:
                self._writer = None

    async def _wait(self, writer):
        if writer is None:
            await self._kick.wait()
            return
        # Not wait_for: on CPython 3.11 it loses a cancellation that comes together with the kick.
        timer = asyncio.create_task(self._kick_after(self.link.timer(clock_ms())))
        try:
            await self._kick.wait()
        finally:
            timer.cancel()

    async def _kick_after(self, ms):
        await asyncio.sleep(ms / 1000)
        self._kick.set()
