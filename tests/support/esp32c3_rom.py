# SPDX-License-Identifier: Apache-2.0
"""A virtual ESP32-C3 in its serial boot loader, on a pseudo terminal, for the real esptool to talk to.

It follows Espressif's published serial protocol ("Serial Protocol" in esptool's documentation) as the ROM of the part
answers it: no silicon was compared. It keeps a 4 MB NOR flash: erasing sets bits, programming clears them. `Faults`
make it the wrong chip, silent, unplugged half-way or forgetful.
"""

from __future__ import annotations

import hashlib
import os
import pty
import select
import struct
import threading
import tty
import zlib
from dataclasses import dataclass
from typing import Self

from tests.support.slip import Decoder, encode

SECTOR, FLASH_BYTES = 4096, 4 << 20
ESP32_C3, ESP32_S3 = 5, 9
(FLASH_BEGIN, FLASH_DATA, FLASH_END, SYNC, WRITE_REG, READ_REG) = (0x02, 0x03, 0x04, 0x08, 0x09, 0x0A)
(SPI_PARAMS, SPI_ATTACH, BAUD, DEFL_BEGIN, DEFL_DATA, DEFL_END, MD5, SECURITY) = (0x0B, 0x0D, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x14)
BAD_MESSAGE, BAD_CHECKSUM, BAD_LENGTH = 0x05, 0x07, 0x08
SPI_CMD, SPI_USR2, SPI_W0 = 0x60002000, 0x60002020, 0x60002058
READ_ID = 0x9F
# Winbond, 2**22 bytes.
FLASH_ID = 0x1640EF
EFUSES = {0x60008800 + 0x44: 0x5566AABB, 0x60008800 + 0x48: 0x00001122, 0x60008800 + 0x50: 3 << 18}


class Unplugged(Exception):
    """The cable is out."""


@dataclass
class Faults:
    """What goes wrong. `disconnect_at`: number of the data block at which the cable is pulled."""

    chip_id: int = ESP32_C3
    silent: bool = False
    disconnect_at: int | None = None
    corrupt_md5: bool = False
    fail_block: int | None = None


class Flash:
    """NOR flash behind the loader."""

    def __init__(self, size: int = FLASH_BYTES) -> None:
        self.data = bytearray(b"\xff" * size)
        self.erased = 0

    def erase(self, offset: int, size: int) -> None:
        """Set every bit of the sectors that hold `size` bytes at `offset`."""
        first, last = offset // SECTOR * SECTOR, -(-(offset + size) // SECTOR) * SECTOR
        self.data[first:last] = b"\xff" * (last - first)
        self.erased += last - first

    def program(self, offset: int, data: bytes) -> None:
        """Clear bits."""
        old = self.data[offset : offset + len(data)]
        self.data[offset : offset + len(data)] = bytes(a & b for a, b in zip(old, data, strict=True))


class VirtualRom:
    """A context manager; `port` is the terminal that esptool opens, `flash` what it wrote."""

    def __init__(self, faults: Faults | None = None, flash: Flash | None = None) -> None:
        self.faults, self.flash = faults or Faults(), flash or Flash()
        self.commands: list[int] = []
        self._registers = dict(EFUSES)
        self._at = self._blocks = 0
        self._inflate = zlib.decompressobj()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="virtual ROM", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._stop_write, b"x")
        self._thread.join(10)
        for number in (self._slave, self._master, self._stop_read, self._stop_write):
            if number >= 0:
                os.close(number)

    @property
    def wrote(self) -> bool:
        """Whether anything was erased or programmed."""
        return self.flash.erased > 0

    def _run(self) -> None:
        decoder = Decoder()
        try:
            while True:
                ready, _, _ = select.select([self._master, self._stop_read], [], [])
                if self._stop_read in ready:
                    return
                for packet in decoder.feed(os.read(self._master, 65536)):
                    self._take(packet)
        except Unplugged:
            # The terminal is gone for whoever has it open, as a USB adapter's is.
            os.close(self._slave)
            os.close(self._master)
            self._slave = self._master = -1

    def _take(self, packet: bytes) -> None:
        if self.faults.silent or len(packet) < 8 or packet[0] != 0:
            return
        _, command, length, checksum = struct.unpack_from("<BBHI", packet)
        self.commands.append(command)
        if length != len(packet) - 8:
            self._answer(command, error=BAD_LENGTH)
            return
        self._execute(command, packet[8:], checksum)

    def _execute(self, command: int, body: bytes, checksum: int) -> None:
        if command == SYNC:
            for _ in range(8):
                self._answer(command, value=0x20120707)
        elif command == READ_REG:
            self._answer(command, value=self._registers.get(struct.unpack("<I", body)[0], 0))
        elif command == WRITE_REG:
            self._write_register(*struct.unpack("<IIII", body)[:2])
            self._answer(command)
        elif command == SECURITY:
            self._answer(command, struct.pack("<IBBBBBBBBII", 0, 0, *[0] * 7, self.faults.chip_id, 3))
        elif command in (SPI_PARAMS, SPI_ATTACH, BAUD, FLASH_END, DEFL_END):
            self._answer(command)
        elif command in (FLASH_BEGIN, DEFL_BEGIN):
            self._begin(command, *struct.unpack("<IIIII", body))
        elif command in (FLASH_DATA, DEFL_DATA):
            self._data(command, body, checksum)
        elif command == MD5:
            self._answer(command, self._digest(*struct.unpack("<IIII", body)[:2]))
        else:
            self._answer(command, error=BAD_MESSAGE)

    def _write_register(self, address: int, value: int) -> None:
        self._registers[address] = value
        if address == SPI_CMD:
            # The controller runs the command that is set up and clears the bit.
            self._registers[SPI_CMD] = 0
            self._registers[SPI_W0] = FLASH_ID if self._registers.get(SPI_USR2, 0) & 0xFF == READ_ID else 0

    def _begin(self, command: int, erase: int, _count: int, _size: int, offset: int, encrypted: int) -> None:
        if encrypted or offset % SECTOR or offset + erase > len(self.flash.data):
            self._answer(command, error=BAD_MESSAGE)
            return
        self.flash.erase(offset, erase)
        self._at, self._blocks, self._inflate = offset, 0, zlib.decompressobj()
        self._answer(command)

    def _data(self, command: int, body: bytes, checksum: int) -> None:
        length, number = struct.unpack_from("<II", body)
        block = body[16:]
        if self.faults.disconnect_at == number:
            raise Unplugged
        if len(block) != length or _checksum(block) != checksum or self.faults.fail_block == number:
            self._answer(command, error=BAD_CHECKSUM)
            return
        if number == self._blocks:  # a block that is sent again is in the flash already
            content = block if command == FLASH_DATA else self._inflate.decompress(block)
            self.flash.program(self._at, content[: len(self.flash.data) - self._at])
            self._at, self._blocks = self._at + len(content), number + 1
        self._answer(command)

    def _digest(self, offset: int, size: int) -> bytes:
        text = hashlib.md5(self.flash.data[offset : offset + size], usedforsecurity=False).hexdigest()
        return (text[::-1] if self.faults.corrupt_md5 else text).encode()

    def _answer(self, command: int, data: bytes = b"", value: int = 0, error: int = 0) -> None:
        body = data + bytes([int(error > 0), error, 0, 0])
        os.write(self._master, encode(struct.pack("<BBHI", 1, command, len(body), value) + body))


def _checksum(data: bytes) -> int:
    total = 0xEF
    for byte in data:
        total ^= byte
    return total
