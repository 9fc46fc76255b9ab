# SPDX-License-Identifier: Apache-2.0
"""Just enough of the GDB remote protocol to break a running processor from outside."""

import socket
from typing import Self


class Gdb:
    """Attaches to QEMU's gdbstub on a loopback port; the processor stands still until go()."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._buffer = b""
        # Only a client that has asked for the registers' description may write single ones.
        self.command("qXfer:features:read:target.xml:0,fff")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def command(self, text: str) -> str:
        """Send a packet and return the answer's text; the note that the processor stopped may come in between."""
        self._send(text)
        while (answer := self._packet()).startswith("T"):
            pass
        return answer

    def write_register(self, number: int, value: int) -> None:
        assert self.command(f"P{number:x}={value.to_bytes(4, 'little').hex()}") == "OK"

    def read_register(self, number: int) -> int:
        return int.from_bytes(bytes.fromhex(self.command(f"p{number:x}")), "little")

    def go(self) -> None:
        """Detach; the processor runs on."""
        assert self.command("D") == "OK"

    def _send(self, text: str) -> None:
        self._socket.sendall(f"${text}#{sum(text.encode()) & 0xFF:02x}".encode())

    def _packet(self) -> str:
        while b"#" not in self._buffer or len(self._buffer.split(b"#", 1)[1]) < 2:
            more = self._socket.recv(4096)
            assert more, "the gdbstub closed the connection"
            self._buffer += more
        packet, self._buffer = self._buffer.split(b"#", 1)
        self._buffer = self._buffer[2:]
        self._socket.sendall(b"+")
        return packet.split(b"$", 1)[1].decode()
