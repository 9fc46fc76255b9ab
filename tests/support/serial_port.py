# SPDX-License-Identifier: Apache-2.0
"""An emulated board at a serial port of this machine: a pseudo terminal whose bytes go to the board's UART and back."""

from __future__ import annotations

import os
import pty
import select
import socket
import threading
import tty
from typing import Self


class SerialPort:
    """A context manager; `port` is the terminal, for programs that open serial ports."""

    def __init__(self, tcp_port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", tcp_port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Our own hold on the terminal keeps it there while nobody else has it open.
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="serial port", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._stop_write, b"x")
        self._thread.join(10)
        self._socket.close()
        for number in (self._master, self._slave, self._stop_read, self._stop_write):
            os.close(number)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._socket, self._master, self._stop_read], [], [])
            if self._stop_read in ready:
                return
            if self._socket in ready:
                data = self._socket.recv(65536)
                if not data:
                    return
                os.write(self._master, data)
            if self._master in ready:
                self._socket.sendall(os.read(self._master, 65536))
