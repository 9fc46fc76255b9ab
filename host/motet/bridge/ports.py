# SPDX-License-Identifier: Apache-2.0
"""Serial lines as byte streams on the asyncio loop, by pyserial URL.

A terminal device and a TCP socket are waited for by the loop itself. pyserial's own reading would take a socket byte by
byte; only its rarer schemes (rfc2217://, loop://, spy://) need a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import serial

_CHUNK = 4096
_POLL_S = 0.5
_CONNECT_S = 5.0
# Bytes that may wait for a line that takes no more; beyond them it loses some, which the link above repairs.
_BACKLOG = 64 << 10

OnData = Callable[[bytes], None]
OnLost = Callable[[str], None]


class Port(Protocol):
    """An open line: `on_data` and `on_lost` (once, unless closed first) are called on the loop."""

    def write(self, data: bytes) -> None:
        """Queue bytes for the line; they are dropped after a loss, and when too many wait already."""

    def close(self) -> None:
        """Close the line; nothing is called any more."""


async def open_port(url: str, baud: int, on_data: OnData, on_lost: OnLost) -> Port:
    """Open `/dev/tty…`, `socket://host:port` or any other pyserial URL. Raises OSError or ValueError saying why it cannot."""
    scheme = urlsplit(url).scheme
    if scheme == "socket":
        return await _open_socket(url, on_data, on_lost)
    if not scheme or os.path.exists(url):
        line = await asyncio.to_thread(serial.Serial, url, baud, timeout=0, write_timeout=0, exclusive=True)
        return TerminalPort(line, on_data, on_lost)
    line = await asyncio.to_thread(serial.serial_for_url, url, baud, timeout=_POLL_S)
    return ThreadPort(line, on_data, on_lost)


async def _open_socket(url: str, on_data: OnData, on_lost: OnLost) -> Port:
    parts = urlsplit(url)
    if not parts.hostname or not parts.port:
        raise ValueError(f"{url}: expected socket://host:port")
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, port = await asyncio.get_running_loop().create_connection(
                lambda: SocketPort(on_data, on_lost), parts.hostname, parts.port
            )
    except TimeoutError:
        raise OSError(f"{url}: no connection within {_CONNECT_S:g} s") from None
    return port


class SocketPort(asyncio.Protocol):
    """A TCP connection, as emulators and serial servers offer."""

    def __init__(self, on_data: OnData, on_lost: OnLost) -> None:
        self._on_data, self._on_lost = on_data, on_lost
        self._transport: asyncio.Transport | None = None
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport by type.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._closed:
            self._on_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed:
            self._closed = True
            self._on_lost(str(exc or "the other side closed the connection"))

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._closed and self._transport.get_write_buffer_size() < _BACKLOG:
            self._transport.write(data)

    def close(self) -> None:
        self._closed = True
        if self._transport is not None:
            self._transport.abort()


class TerminalPort:
    """A terminal device: pyserial sets it up, the loop waits for its file descriptor."""

    def __init__(self, line: Any, on_data: OnData, on_lost: OnLost) -> None:
        self._loop = asyncio.get_running_loop()
        self._line, self._on_data, self._on_lost = line, on_data, on_lost
        self._fd: int = line.fileno()
        self._rest = b""
        self._closed = False
        os.set_blocking(self._fd, False)
        self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        if self._closed or len(self._rest) >= _BACKLOG:
            return
        waiting = bool(self._rest)
        self._rest += data
        if not waiting:
            self._writable()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            # Unplugged devices may refuse even this.
            with contextlib.suppress(OSError, serial.SerialException):
                self._line.close()

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(str(error))
            return
        if data:
            self._on_data(data)
        else:
            self._lost("the device is gone")

    def _writable(self) -> None:
        try:
            self._rest = self._rest[os.write(self._fd, self._rest) :]
        except BlockingIOError:
            pass
        except OSError as error:
            self._lost(str(error))
            return
        if self._rest:
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._loop.remove_writer(self._fd)

    def _lost(self, why: str) -> None:
        self.close()
        self._loop.call_soon(self._on_lost, why)


class ThreadPort:
    """Any other pyserial URL: one thread reads, one writes."""

    def __init__(self, line: Any, on_data: OnData, on_lost: OnLost) -> None:
        self._loop = asyncio.get_running_loop()
        self._line, self._on_data, self._on_lost = line, on_data, on_lost
        self._closed, self._waiting = False, 0
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="serial-writer")
        threading.Thread(target=self._read, name="serial-reader", daemon=True).start()

    def write(self, data: bytes) -> None:
        if not self._closed and self._waiting < _BACKLOG:
            self._waiting += len(data)
            self._writer.submit(self._write, data)

    def close(self) -> None:
        self._closed = True
        self._writer.shutdown(wait=False, cancel_futures=True)

    def _write(self, data: bytes) -> None:
        try:
            self._line.write(data)
        except (OSError, ValueError) as error:
            self._tell(self._lost, str(error))
        self._tell(self._written, len(data))

    def _written(self, count: int) -> None:
        self._waiting -= count

    def _read(self) -> None:
        try:
            while not self._closed:
                data = self._line.read(1)
                if data:
                    self._tell(self._data, data + self._line.read(self._line.in_waiting))
        except (OSError, ValueError, TypeError) as error:  # pyserial raises any of them when a line disappears
            self._tell(self._lost, str(error))
        finally:
            with contextlib.suppress(OSError, ValueError):
                self._line.close()

    def _tell(self, what: Callable[[Any], None], value: object) -> None:
        # The loop may be closed already when the process ends.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what, value)

    def _data(self, data: bytes) -> None:
        if not self._closed:
            self._on_data(data)

    def _lost(self, why: str) -> None:
        if not self._closed:
            self.close()
            self._on_lost(why)
