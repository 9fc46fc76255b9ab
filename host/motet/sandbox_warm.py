# SPDX-License-Identifier: Apache-2.0
"""``sandbox.run_python`` without the wait for an interpreter and its imports, for work that comes again and again.

A nursery process imports the module once and forks a child for each piece of work, confined before it reads anything. Children
see nothing of each other; unlike fresh interpreters they share the layout of their addresses.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from motet import sandbox
from motet.sandbox import Bounds, Outcome
from motet.sandbox_nursery import LATE, ORDER

_ERRORS = 64 * 1024
_LOST = "the process that starts the children has ended"


class Nursery:
    """``module`` has a ``main()`` that works from standard input to standard output. Any thread may run work."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        # By itself it ends a moment after us; whoever waits for us may look for what we left.
        atexit.register(self.close)

    def run(self, data: bytes, bounds: Bounds) -> Outcome:
        """Feeds ``data`` to a child and collects what it says. Raises OSError when no process can be started."""
        pipes = [os.pipe() for _ in range(4)]
        theirs = [pipes[0][0], *(end for _, end in pipes[1:])]
        try:
            self._order(ORDER.pack(bounds.seconds, bounds.memory, bounds.timeout), theirs)
        except BaseException:
            for handle in (pipes[0][1], *(end for end, _ in pipes[1:])):
                os.close(handle)
            raise
        finally:
            for handle in theirs:
                os.close(handle)
        with ThreadPoolExecutor(3) as pool:
            pool.submit(_feed, pipes[0][1], data)
            errors = pool.submit(_read, pipes[2][0], _ERRORS)
            status = pool.submit(_read, pipes[3][0], 16)
            output = _read(pipes[1][0], bounds.output)
        return _outcome(status.result(), output, errors.result())

    def prepare(self) -> None:
        """Starts the nursery now, so that the first piece of work finds it ready."""
        with self._lock:
            self._started()

    def close(self) -> None:
        """Ends the nursery; children that still work end by their own limits."""
        with self._lock:
            self._stop()

    def _order(self, order: bytes, handles: list[int]) -> None:
        with self._lock:
            try:
                socket.send_fds(self._started(), [order], handles)
            except (BrokenPipeError, ConnectionResetError):
                self._stop()
                socket.send_fds(self._started(), [order], handles)

    def _started(self) -> socket.socket:
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                command = [*sandbox.PYTHON, "motet.sandbox_nursery", self._module, str(theirs.fileno())]
                null = subprocess.DEVNULL
                self._process = subprocess.Popen(
                    command, stdin=null, stdout=null, stderr=null, cwd="/", env=sandbox.environment(), pass_fds=[theirs.fileno()]
                )
            self._control = ours
        return self._control

    def _stop(self) -> None:
        process, control, self._process, self._control = self._process, self._control, None, None
        if control is not None:
            control.close()
        if process is not None:
            process.kill()
            process.wait()


def _outcome(status: bytes, output: bytes, errors: bytes) -> Outcome:
    if status == LATE:
        return Outcome(None, output, "")
    if not status:
        return Outcome(1, b"", _LOST)
    return Outcome(int(status), output, errors.decode("utf-8", "replace")[-2000:])


def _feed(handle: int, data: bytes) -> None:
    with suppress(BrokenPipeError), os.fdopen(handle, "wb") as pipe:
        pipe.write(data)


def _read(handle: int, most: int) -> bytes:
    """All that comes; a child that says more is cut off, and what it said dropped."""
    with os.fdopen(handle, "rb") as pipe:
        data = pipe.read(most + 1)
    return data if len(data) <= most else b""
