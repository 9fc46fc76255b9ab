# SPDX-License-Identifier: Apache-2.0
"""Things of Renode's Monitor that UARTs are connected to: TCP terminals and hubs. Loopback only, unlike Renode's."""

from __future__ import annotations

import contextlib
import socket
import threading

from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.uart import Listener, Uart


class SocketTerminal:
    """``emulation CreateServerSocketTerminal``: one TCP client at a time speaks to the UART; further ones wait.

    What the board sends while no client is there is lost. Raises KeywordError when the port is taken.
    """

    def __init__(self, port: int) -> None:
        try:
            self._listener = socket.create_server(("127.0.0.1", port), backlog=4)
        except (OSError, OverflowError) as error:
            raise KeywordError(f"Could not listen on port {port}: {error}") from None
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = int(self._listener.getsockname()[1])
        self._uart: Uart | None = None
        self._client: socket.socket | None = None
        threading.Thread(target=self._serve, name=f"terminal {self.port}", daemon=True).start()

    def attach(self, uart: Uart) -> None:
        if self._uart is not None:
            self._uart.ignore(self._send)
        self._uart = uart
        uart.listen(self._send)

    def detach(self, uart: Uart) -> None:
        if self._uart is uart:
            uart.ignore(self._send)
            self._uart = None

    def close(self) -> None:
        if self._uart is not None:
            self.detach(self._uart)
        for end in (self._listener, self._client):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._client = client
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    if self._uart is not None:
                        self._uart.write(data)
            self._client = None
            client.close()

    def _send(self, data: bytes) -> None:
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.sendall(data)


class UartHub:
    """``emulation CreateUARTHub``: what one of its UARTs sends, all the others receive."""

    def __init__(self) -> None:
        self._ports: dict[Uart, Listener] = {}

    def attach(self, uart: Uart) -> None:
        def forward(data: bytes) -> None:
            for other in list(self._ports):
                if other is not uart:
                    other.write(data)

        self._ports[uart] = forward
        uart.listen(forward)

    def detach(self, uart: Uart) -> None:
        if uart in self._ports:
            uart.ignore(self._ports.pop(uart))

    def close(self) -> None:
        for uart in list(self._ports):
            self.detach(uart)


External = SocketTerminal | UartHub
