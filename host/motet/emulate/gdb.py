# SPDX-License-Identifier: Apache-2.0
"""A minimal client of the GDB remote serial protocol, for what QEMU's own protocol lacks: writing memory and registers."""

import socket
from pathlib import Path
from typing import Self

# A packet of QEMU's gdbstub has at most 4096 characters; two make a byte.
_CHUNK = 1024


class GdbError(Exception):
    """The stub refused a command or closed the connection."""


class Gdb:
    """Attaches to the gdbstub on the Unix socket at `path`; the processor stands still until go(). Raises OSError, GdbError."""

    def __init__(self, path: Path, timeout: float = 20.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._buffer = b""
        try:
            self._socket.connect(str(path))
            # Only a client that has asked for the registers' description may write single ones.
            self.command("qXfer:features:read:target.xml:0,fff")
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def command(self, text: str) -> str:
        """Send a packet and return the answer's text; the note that the processor stopped may come in between."""
        self._socket.sendall(f"${text}#{sum(text.encode()) & 0xFF:02x}".encode())
        while (answer := self._packet()).startswith("T"):
            pass
        return answer

    def write_memory(self, address: int, data: bytes) -> None:
        for offset in range(0, len(data), _CHUNK):
            part = data[offset : offset + _CHUNK]
            self._ordered(f"M{address + offset:x},{len(part):x}:{part.hex()}")

    def write_register(self, number: int, value: int) -> None:
        """A register of 32 bits by GDB's number."""
        self._ordered(f"P{number:x}={value.to_bytes(4, 'little').hex()}")

    def read_register(self, number: int) -> int:
        return int.from_bytes(bytes.fromhex(self.command(f"p{number:x}")), "little")

    def run_to_write(self, address: int, length: int, count: int) -> bool:
        """Let the processor run until its `count`-th write into a range, then stand still. False: not within the time-out."""
        self._ordered(f"Z2,{address:x},{length:x}")
        for _ in range(count):
            self._socket.sendall(b"$c#63")
            try:
                while not self._packet().startswith("T"):
                    pass
            except TimeoutError:
                return False
        return True

    def go(self) -> None:
        """Detach; the processor runs on."""
        self._ordered("D")

    def _ordered(self, text: str) -> None:
        if (answer := self.command(text)) != "OK":
            raise GdbError(f"{text[:24]}: {answer or 'not supported'}")

    def _packet(self) -> str:
        while b"#" not in self._buffer or len(self._buffer.split(b"#", 1)[1]) < 2:
            more = self._socket.recv(4096)
            if not more:
                raise GdbError("the gdbstub closed the connection")
            self._buffer += more
        packet, self._buffer = self._buffer.split(b"#", 1)
        self._buffer = self._buffer[2:]
        self._socket.sendall(b"+")
        return packet.split(b"$", 1)[1].decode()
