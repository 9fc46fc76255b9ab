# SPDX-License-Identifier: Apache-2.0
"""A TCP relay that damages what it carries: a bad serial line, or a network that breaks, on purpose and repeatable."""

import asyncio
import contextlib
import random
from dataclasses import dataclass


@dataclass
class Faults:
    """Chances of damage: per bit (flipped), per byte (lost), per chunk (sent twice, or held back for `stall_s`)."""

    bit: float = 0.0
    lose: float = 0.0
    double: float = 0.0
    stall: float = 0.0
    stall_s: float = 0.05


class NoisyRelay:
    """Listens on `port` of 127.0.0.1 and relays to `target`; `faults` may be changed at any time.

    `flipped`, `lost`, `doubled` and `stalled` count what was done, so that a test can tell that something was.
    """

    def __init__(self, target_port, faults=None, seed=1):
        self.target_port, self.faults = target_port, faults or Faults()
        self.flipped = self.lost = self.doubled = self.stalled = 0
        self.port = 0
        self.connections = 0
        self._random = random.Random(seed)
        self._writers = set()
        self._server = None
        self._open = asyncio.Event()
        self._open.set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.resume()
        self.cut()
        await asyncio.sleep(0)

    def cut(self):
        """Break every connection at once; new ones are taken."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def hold(self):
        """Carry nothing, as a cable that hangs by a thread."""
        self._open.clear()

    def resume(self):
        self._open.set()

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(far_writer)
        await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _carry(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(1024):
                await self._open.wait()
                for piece in await self._damaged(data):
                    writer.write(piece)
                await writer.drain()
        writer.transport.abort()

    async def _damaged(self, data):
        faults = self.faults
        if faults.stall and self._random.random() < faults.stall:
            self.stalled += 1
            await asyncio.sleep(faults.stall_s)
        data = bytearray(data)
        for bit in self._hits(len(data) * 8, faults.bit):
            data[bit // 8] ^= 1 << bit % 8
            self.flipped += 1
        gone = set(self._hits(len(data), faults.lose))
        self.lost += len(gone)
        data = bytes(byte for at, byte in enumerate(data) if at not in gone)
        if faults.double and self._random.random() < faults.double:
            self.doubled += 1
            return data, data
        return (data,)

    def _hits(self, count, chance):
        """Where independent events of this chance happen among `count` places."""
        if chance <= 0:
            return
        at = int(self._random.expovariate(chance))
        while at < count:
            yield at
            at += 1 + int(self._random.expovariate(chance))
