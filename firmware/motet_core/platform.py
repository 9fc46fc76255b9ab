# SPDX-License-Identifier: Apache-2.0
"""Every difference between the interpreters and boards, probed once and given one name."""

import asyncio
import gc
import os
import sys
import time

try:
    import motet_port
except ImportError:
    motet_port = None

try:
    from binascii import crc32
except ImportError:
    from motet_native import frame

    crc32 = frame.crc32

MICROPYTHON = sys.implementation.name == "micropython"
MCU = motet_port is not None
BOARD = motet_port.board if MCU else "edge" if MICROPYTHON else "linux"
_CPYTHON_HEAP = 64 << 20


class _Ticks:
    """Milliseconds that only grow, from a counter that wraps: it must be read more often than it wraps (days)."""

    def __init__(self):
        self._last = time.ticks_ms()
        self._sum = 0

    def __call__(self):
        now = time.ticks_ms()
        self._sum += time.ticks_diff(now, self._last)
        self._last = now
        return self._sum


if MCU:

    def clock_ms():
        """Milliseconds since the device started; only grows."""
        return motet_port.uptime_us() // 1000

    def elapsed_ns(since=0):
        """Nanoseconds since `since` (an earlier answer) on the finest clock of the platform."""
        return motet_port.cycles() * 1000000000 // motet_port.cycles_hz() - since

elif MICROPYTHON:
    clock_ms = _Ticks()

    def elapsed_ns(since=0):
        return time.time_ns() - since

else:
    _START = time.monotonic_ns()

    def clock_ms():
        return (time.monotonic_ns() - _START) // 1000000

    def elapsed_ns(since=0):
        return time.perf_counter_ns() - since


# A counter of retired instructions, where the board has one.
instructions = getattr(motet_port, "instructions", None)


def reset_reason():
    """Why the device started, as a short word."""
    return motet_port.reset_reason() if MCU else "process_start"


def stir(data):
    """Adds bytes to the board's random numbers."""
    if MCU:
        motet_port.seed(data)


def random_bytes(count):
    return os.urandom(count)


def heap():
    """(bytes used, bytes free); on CPython the process's resident memory and None."""
    if MICROPYTHON:
        gc.collect()
        return gc.mem_alloc(), gc.mem_free()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"), None


def heap_free():
    """Bytes that may still be asked for."""
    return heap()[1] if MICROPYTHON else _CPYTHON_HEAP


def describe_exception(error):
    """An exception with its traceback as lines of text, for the log only."""
    if not MICROPYTHON:
        import traceback

        return "".join(traceback.format_exception(error)).rstrip()
    import io

    text = io.StringIO()
    sys.print_exception(error, text)
    return text.getvalue().rstrip()


async def run_blocking(work):
    """Calls `work()` without stopping the link: in a thread on CPython; elsewhere interrupts serve the link meanwhile."""
    if MICROPYTHON:
        return work()
    return await asyncio.get_running_loop().run_in_executor(None, work)


def waker(event):
    """A function that sets an asyncio.Event of this loop from whatever thread calls it."""
    if MICROPYTHON:
        return event.set
    loop = asyncio.get_running_loop()
    return lambda: loop.call_soon_threadsafe(event.set)


async def sleep_ms(delay):
    if MICROPYTHON:
        await asyncio.sleep_ms(delay)
    else:
        await asyncio.sleep(delay / 1000)


_native = []


def native():
    """The native parts; imported at first use, so that codecs work without them."""
    if not _native:
        import motet_native

        _native.append(motet_native)
    return _native[0]


def replace_native(parts):
    """Other native parts for this whole process, which must not have used any yet."""
    _native[:] = [parts]


def has_native(part):
    """Whether this build has "wasm", "nn" or "frame"."""
    return hasattr(native(), part)


async def listen(connected, host, port):
    """Starts a TCP server -> the port it is bound to; port 0 takes a free one. Host "fd" takes the listening socket that the
    process has inherited as file descriptor `port` (CPython only)."""
    if not MICROPYTHON and host == "fd":
        import socket

        listener = socket.socket(fileno=port)
        await asyncio.start_server(connected, sock=listener)
        return listener.getsockname()[1]
    if not MICROPYTHON:
        server = await asyncio.start_server(connected, host, port)
        return server.sockets[0].getsockname()[1]
    for _ in range(64):
        # MicroPython cannot ask a socket for its port, so it is chosen here.
        chosen = port or 20000 + int.from_bytes(os.urandom(2), "big") % 40000
        try:
            await asyncio.start_server(connected, host, chosen)
            return chosen
        except OSError:
            if port:
                raise
    raise OSError("no free port")


def flash():
    """The board's own flash as a motet_native.store.Flash; None where it has none, or none that can be written."""
    return motet_port.flash() if hasattr(motet_port, "flash") else None


def flash_file(path):
    """A file in the place of flash: 64 KB for values, 4 MB for artifacts. OSError, ValueError."""
    return native().store.Flash(path, log=(16, 4096), slots=(64, 65536))


def flush():
    """Pushes printed lines out at once, where they are buffered."""
    if not MICROPYTHON:
        sys.stdout.flush()
