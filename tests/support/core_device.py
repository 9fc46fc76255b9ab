# SPDX-License-Identifier: Apache-2.0
"""The real device core on a TCP socket, in this process or as one that can be killed."""

import asyncio
import contextlib
import subprocess
import sys

from motet_native.frame import Link

from motet_core.device import Device
from motet_core.port_stream import StreamPort


async def end(*tasks):
    """Cancel tasks until they are over: the wait_for of Python 3.11 may swallow one cancellation."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.1)


class ProcessDevice:
    """`python -m motet_core`; `restart()` comes back at the same port, as a board at its serial line does."""

    def __init__(self, device_id=None):
        self._id, self.port = device_id, 0
        self._process = None
        self.start()

    @property
    def url(self):
        return f"socket://127.0.0.1:{self.port}"

    def start(self):
        options = ["--listen", f"127.0.0.1:{self.port}", *(["--id", self._id] if self._id else [])]
        self._process = subprocess.Popen([sys.executable, "-m", "motet_core", *options], stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline().rpartition(":")[2])

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


class Scripted:
    """A device core's port with a hand on it: whatever a test wants to say on a channel."""

    def __init__(self, mtu=512):
        self.link = Link(mtu=mtu)
        self.stream = StreamPort(self.link, mtu)
        self.received = asyncio.Queue()
        self.port = 0

    @property
    def url(self):
        return f"socket://127.0.0.1:{self.port}"

    def restart(self):
        """Forget everything, as a reset of the board does; the serial line stays open."""
        self.link = self.stream.link = Link(mtu=self.stream.limit)
        # Speak first, as a board does after its reset.
        self.stream.log("booted")

    async def send(self, channel, data):
        await self.stream.send(channel, data)

    async def _read(self):
        while True:
            self.received.put_nowait(await self.stream.recv())

    @contextlib.asynccontextmanager
    async def serving(self):
        server = await asyncio.start_server(self.stream.connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self.stream.run())]
        try:
            yield self
        finally:
            server.close()
            await end(*tasks)


@contextlib.asynccontextmanager
async def core_device(device_id=None, tools=()):
    """A core in this process; yields its serial URL. `tools`: providers added to its supervisor."""
    port = StreamPort(Link(mtu=512), 512)
    device = Device(port, id=device_id, max_total=65536)
    for provider in tools:
        device.supervisor.add(provider)
    server = await asyncio.start_server(port.connected, "127.0.0.1", 0)
    task = asyncio.create_task(device.run())
    try:
        yield f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await end(task)
