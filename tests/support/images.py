# SPDX-License-Identifier: Apache-2.0
"""Boards and firmware images for the tests of flashing."""

from __future__ import annotations

import random
import struct
from pathlib import Path

from motet import boards

# What the schema asks for besides [flashing].
_REST = """
title = "a board of the tests"
mcu = "none"
arch = "{arch}"
[memory]
flash = 0x100000
ram = 0x10000
[build]
kind = "idf"
"""
# Where a board of the tests keeps its own, between the first 4 KB of an image and the rest.
STORE = """
[flash]
driver = "none"
base = 0x08000000
size = 0x100000
erase = 0x1000
program = 4
[flash.regions]
values = { offset = 0x1000, size = 0x2000 }
artifacts = { offset = 0x80000, size = 0x80000 }
"""
FLASHING = {
    "esp32c3": ("rv32imac", 'method = "esptool"\nchip = "esp32c3"\nusb = ["303a:1001"]'),
    "rp2040": ("armv7em", 'method = "uf2"\nfamily = 0xe48bff56\ndrive = "RPI-RP2"'),
    "stm32": (
        "armv7em",
        'method = "st-flash"\nalternatives = ["dfu"]\nchip = "0x413"\noffset = 0x08000000\n'
        'dfu_layout = "@Internal Flash /0x08000000/04*016Kg,01*064Kg,07*128Kg"',
    ),
}
FAMILY = 0xE48BFF56


def board(folder: Path, name: str, more: str = "") -> boards.Board:
    """A board that is flashed like the one called `name`."""
    arch, flashing = FLASHING[name]
    path = folder / name / "board.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'name = "{name}"\n' + _REST.format(arch=arch) + "[flashing]\n" + flashing + "\n" + more)
    return boards.parse(path)


def content(name: str | None, size: int = 20_000, seed: int = 1) -> bytes:
    """Bytes of an image that names the board `name`."""
    mark = b"" if name is None else b"motet-board:" + name.encode() + b"\0"
    return random.Random(seed).randbytes(size - len(mark)) + mark


def binary(folder: Path, name: str | None, **how: int) -> Path:
    path = folder / "firmware.bin"
    path.write_bytes(content(name, **how))
    return path


def uf2(folder: Path, name: str | None, family: int = FAMILY, **how: int) -> Path:
    """The same as a UF2 file."""
    data = content(name, **how)
    parts = [data[at : at + 256].ljust(256, b"\0") for at in range(0, len(data), 256)]
    path = folder / "firmware.uf2"
    path.write_bytes(b"".join(_block(number, len(parts), part, family) for number, part in enumerate(parts)))
    return path


def _block(number: int, total: int, part: bytes, family: int) -> bytes:
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + 256 * number, 256, number, total, family)
    return head + part.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)
