# SPDX-License-Identifier: Apache-2.0
"""A device that is a process at a broker, and a fleet that looks at it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator

from motet.bus import Bus
from motet.fleet import Fleet

REALM, ID = "own", "node-1"


class Node:
    """A running one, and what it has said on standard error."""

    def __init__(self, command: list[str], url: str, *options: str) -> None:
        told = [*command, "--mqtt", url, "--realm", REALM, "--id", ID, *options]
        self.process = subprocess.Popen(told, stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        self.reading = threading.Thread(target=self._read)
        self.reading.start()

    def _read(self) -> None:
        assert self.process.stderr
        self.said.extend(iter(self.process.stderr.readline, ""))

    def files(self) -> int:
        """Open ones."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


@contextlib.contextmanager
def device(command: list[str], url: str, *options: str) -> Iterator[Node]:
    running = Node(command, url, *options)
    try:
        yield running
    finally:
        running.process.kill()
        running.reading.join()
        running.process.communicate()


@contextlib.asynccontextmanager
async def fleet_at(port: int) -> AsyncIterator[Fleet]:
    """A fleet at the broker of this port."""
    bus = await Bus.connect(f"mqtt://127.0.0.1:{port}", "watcher")
    fleet = Fleet(bus, REALM)
    await fleet.start()
    try:
        yield fleet
    finally:
        await fleet.close()
        await bus.close()


def there(fleet: Fleet) -> bool:
    """Whether the device is online and its tools are known."""
    known = fleet.get(ID)
    return known is not None and known.online and bool(known.tools)
