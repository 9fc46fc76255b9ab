# SPDX-License-Identifier: Apache-2.0
"""One UART shared by many: testers, logs, TCP terminals and other machines' UARTs all hear it and may speak."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Protocol

Listener = Callable[[bytes], None]


class Wire(Protocol):
    """The byte stream to the board."""

    def read(self) -> bytes:
        """Bytes that came, after waiting for some; empty when the stream has ended."""
        ...

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class SocketWire:
    """A wire over TCP to 127.0.0.1. Raises OSError."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        # A read that waits in another thread ends with this, not with the closing of the file.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Uart:
    """``open`` makes a new wire; it is opened again when the board was powered off and on.

    What is written while no wire is there is lost, as on a board that is off.
    """

    def __init__(self, name: str, open: Callable[[], Wire]) -> None:
        self.name = name
        self._open = open
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._wire: Wire | None = None

    def connect(self) -> None:
        """Attach to the board; nothing happens when it is attached. Raises OSError."""
        with self._lock:
            if self._wire is not None:
                return
            wire = self._wire = self._open()
        threading.Thread(target=self._pump, args=(wire,), name=f"uart {self.name}", daemon=True).start()

    def disconnect(self) -> None:
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with all bytes from now on, in the UART's own thread."""
        with self._lock:
            self._listeners.append(listener)

    def ignore(self, listener: Listener) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._listeners.remove(listener)

    def write(self, data: bytes) -> None:
        """Send to the board."""
        with self._lock:
            wire = self._wire
        if wire is not None:
            with contextlib.suppress(OSError):
                wire.write(data)

    def _pump(self, wire: Wire) -> None:
        while data := wire.read():
            with self._lock:
                listeners = list(self._listeners)
            for listener in listeners:
                listener(data)
        with self._lock:
            if self._wire is wire:
                self._wire = None
        wire.close()
