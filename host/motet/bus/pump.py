# SPDX-License-Identifier: Apache-2.0
"""A paho client's socket on the asyncio loop.

On the loop a round trip costs half the CPU time of paho's own thread, which must wake the loop for each message.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from typing import Any

import paho.mqtt.client as paho

# How often paho may look whether a ping is due or its answer overdue.
_MISC_S = 2.0
_GOODBYE_S = 1.0


class Pump:
    """Carries bytes for `client` from `start()`, after its connect(), until its socket closes."""

    def __init__(self, client: paho.Client) -> None:
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._socket: socket.socket | None = None
        self._misc: asyncio.TimerHandle | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self.writing = self._reading = False
        client.on_socket_close = self._socket_closes

    def start(self) -> bool:
        """Begin; False when the connection is closed again already."""
        found = self._client.socket()
        if not isinstance(found, socket.socket):
            return False
        self._socket = found
        # Without it a QoS 1 exchange waits 40 ms for a delayed acknowledgement.
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(found, self._readable)
        self._misc = self._loop.call_later(_MISC_S, self._tick)
        self.flush()
        return True

    def flush(self) -> None:
        """Write now what the socket takes; the rest when the loop says that it takes more."""
        if self._reading:
            return  # from within a handler: paho holds a lock that a failing write would need too
        if self._client.want_write() and not self.writing:
            self._client.loop_write()
        if self._socket is not None and self._client.want_write() != self.writing:
            self.writing = not self.writing
            if self.writing:
                self._drained.clear()
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._stop_writing(self._socket)

    async def say_goodbye(self) -> None:
        """Send what waits and DISCONNECT, and see the broker close the connection."""
        found = self._client.socket()
        if not isinstance(found, socket.socket):
            return
        with socket.socket(fileno=os.dup(found.fileno())) as rest:
            self._client.disconnect()
            self.flush()
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._drained.wait()
                    await self._read_to_end(rest)

    async def _read_to_end(self, rest: socket.socket) -> None:
        # Closing a socket with unread bytes resets the connection, and the goodbye may be lost with it.
        rest.setblocking(False)
        rest.shutdown(socket.SHUT_WR)
        while await self._loop.sock_recv(rest, 65536):
            pass

    def drop(self) -> None:
        """Close without goodbye, as a crash would."""
        found = self._client.socket()
        if isinstance(found, socket.socket):
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)
            self._client.loop_read()

    def _readable(self) -> None:
        self._reading = True
        try:
            self._client.loop_read()
            # What TLS has decrypted already makes no socket readable.
            while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                self._client.loop_read()
        finally:
            self._reading = False
        if self._client.want_write():
            self.flush()

    def _writable(self) -> None:
        self._client.loop_write()
        self.flush()

    def _stop_writing(self, found: socket.socket) -> None:
        self._loop.remove_writer(found)
        self.writing = False
        self._drained.set()

    def _tick(self) -> None:
        self._client.loop_misc()
        if self._socket is not None:
            self._misc = self._loop.call_later(_MISC_S, self._tick)
            self.flush()

    def _socket_closes(self, _client: paho.Client, _data: Any, found: Any) -> None:
        if self._socket is not None:
            self._socket = None
            self._loop.remove_reader(found)
            self._stop_writing(found)
        if self._misc is not None:
            self._misc.cancel()
