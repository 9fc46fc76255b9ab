# SPDX-License-Identifier: Apache-2.0
"""Keeps the node's process running: ended by whatever it may be, it comes back at the same address with what its file holds."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from pathlib import Path

from motet.emulate.process import Child

log = logging.getLogger(__name__)
# The folder of ``motet.components.jit.programs``.
PROGRAMS = "programs"
_AGAIN_S = (0.5, 1.0, 2.0, 5.0, 10.0)


class Node:
    """``id`` on the bus; ``folder`` holds its flash and its log. Raises OSError when there is no free port."""

    def __init__(self, id: str, folder: Path) -> None:
        self._id, self._folder = id, folder
        # Kept here: connections that come while it starts again wait in the queue.
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Where the bridge finds its serial line."""
        return f"socket://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._child.pid if self._child is not None and self._child.running else None

    async def run(self) -> None:
        """Until cancelled. A file that cannot be written ends the process each time; its log says so."""
        self._folder.mkdir(parents=True, exist_ok=True)
        failures = 0
        try:
            while True:
                self._child = Child(self._command(), self._folder / "node.log", (self._listener.fileno(),))
                started = asyncio.get_running_loop().time()
                await asyncio.to_thread(self._child.wait)
                lasted = asyncio.get_running_loop().time() - started
                failures = 0 if lasted > _AGAIN_S[-1] else min(failures + 1, len(_AGAIN_S) - 1)
                log.warning("the node %s ended after %.1f s; see %s", self._id, lasted, self._folder / "node.log")
                await asyncio.sleep(_AGAIN_S[failures])
        finally:
            self.close()

    def close(self) -> None:
        """Ends it and gives its address back; may be repeated."""
        if self._child is not None:
            self._child.kill()
        self._listener.close()

    def _command(self) -> list[str]:
        listen, flash = f"fd:{self._listener.fileno()}", str(self._folder / f"{self._id}.flash")
        options = ["--listen", listen, "--id", self._id, "--flash", flash]
        return [sys.executable, "-m", "motet.components.jit.node", str(self._folder / PROGRAMS), *options]
