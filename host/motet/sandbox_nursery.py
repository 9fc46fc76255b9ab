# SPDX-License-Identifier: Apache-2.0
"""The process behind ``motet.sandbox_warm``: imports one module, then forks a confined child for each order.

    python -m motet.sandbox_nursery MODULE SOCKET

An order is three numbers (``ORDER``) with four descriptors: standard input, output and errors of the child, and where its end is
told ("late" or the exit status, negative when a signal ended it). Nothing untrusted is read here, only in the children.
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

# CPU seconds, bytes of memory, seconds by the clock.
ORDER = struct.Struct("<QQd")
LATE = b"late"


def serve(work: Callable[[], None], control: socket.socket) -> None:
    """Takes orders until the other end closes."""
    # Keepers are nobody's to wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    while True:
        order, handles, _, _ = socket.recv_fds(control, ORDER.size, 4)
        if len(order) < ORDER.size:
            return
        if os.fork() == 0:
            control.close()
            _keep(work, order, handles)
        for handle in handles:
            os.close(handle)


def _keep(work: Callable[[], None], order: bytes, handles: list[int]) -> NoReturn:
    """Stands between nursery and child, so that whoever kills the child by its number is the one who knows that it still is."""
    seconds, memory, timeout = ORDER.unpack(order)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        _run(work, seconds, memory, handles)
    for handle in handles[:3]:
        os.close(handle)
    late = not select.select([os.pidfd_open(child)], [], [], timeout)[0]
    if late:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(handles[3], LATE if late else str(status).encode())
    os._exit(0)


def _run(work: Callable[[], None], seconds: int, memory: int, handles: list[int]) -> NoReturn:
    status = 1
    try:
        for number, handle in enumerate(handles[:3]):
            os.dup2(handle, number)
        for handle in handles:
            os.close(handle)
        for kind, most in limits(seconds, memory).items():
            _, hard = resource.getrlimit(kind)
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (bound, bound))
        work()
        sys.stdout.flush()
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def limits(seconds: int, memory: int) -> dict[int, int]:
    """What ``setrlimit`` is told for a child that meets untrusted input."""
    return {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 64,
    }


if __name__ == "__main__":
    serve(importlib.import_module(sys.argv[1]).main, socket.socket(fileno=int(sys.argv[2])))
