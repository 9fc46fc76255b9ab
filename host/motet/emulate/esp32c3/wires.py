# SPDX-License-Identifier: Apache-2.0
"""A UART's other end: a listening TCP socket that serves one client at a time, as QEMU's do."""

import contextlib
import selectors
import socket

from motet.emulate.esp32c3.uart import Uart


class Wire:
    """`listener` is inherited and stays open; what the board sends while nobody is connected is lost, as on a real wire."""

    def __init__(self, listener: socket.socket, selector: selectors.BaseSelector) -> None:
        self._listener, self._selector = listener, selector
        self._client: socket.socket | None = None
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ, self)

    def exchange(self, uart: Uart) -> None:
        """Move bytes both ways as far as they go without waiting."""
        if self._client is None:
            self._accept()
        self._send(uart)
        self._receive(uart)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._client, _ = self._listener.accept()
            self._client.setblocking(False)
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Until it leaves, others wait in the queue; a readable listener would wake us for nothing.
            self._selector.unregister(self._listener)
            self._selector.register(self._client, selectors.EVENT_READ, self)

    def _send(self, uart: Uart) -> None:
        if self._client is None:
            uart.sending.clear()
        elif uart.sending:
            try:
                del uart.sending[: self._client.send(uart.sending)]
            except BlockingIOError:
                return
            except OSError:
                self._drop()

    def _receive(self, uart: Uart) -> None:
        if self._client is None or not uart.room:
            return
        try:
            data = self._client.recv(uart.room)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            uart.feed(data)
        else:
            self._drop()

    def _drop(self) -> None:
        assert self._client is not None
        self._selector.unregister(self._client)
        self._client.close()
        self._client = None
        self._selector.register(self._listener, selectors.EVENT_READ, self)
