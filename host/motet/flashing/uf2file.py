# SPDX-License-Identifier: Apache-2.0
"""UF2 files: images in blocks of 512 bytes that a boot loader takes as a file copied to its drive.

Format: https://github.com/microsoft/uf2. Every block carries its own address, number and the family of part it is for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = 512
_START, _SECOND, _END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
_NOT_MAIN_FLASH, _HAS_FAMILY = 0x00000001, 0x00002000
_MOST_PAYLOAD = 476
# What boot loaders write at a time.
_PAYLOAD = 256


class Uf2Error(ValueError):
    """Not a whole UF2 file; the message says which block is wrong."""


class Block(NamedTuple):
    """`address` in the part's memory, `number` of `total`, `family` or None when the block names none."""

    address: int
    number: int
    total: int
    family: int | None
    payload: bytes


def blocks(content: bytes) -> Iterator[Block]:
    """The blocks for the main flash, in the order of the file. Raises Uf2Error for the first wrong one."""
    if not content or len(content) % BLOCK:
        raise Uf2Error(f"{len(content)} bytes are no whole number of blocks of {BLOCK}: the file is cut off or no UF2")
    for index in range(len(content) // BLOCK):
        fields = struct.unpack_from("<8I", content, index * BLOCK)
        (end,) = struct.unpack_from("<I", content, (index + 1) * BLOCK - 4)
        if (fields[0], fields[1], end) != (_START, _SECOND, _END):
            raise Uf2Error(f"block {index} has wrong magic numbers")
        _, _, flags, address, size, number, total, family = fields
        if not 0 < size <= _MOST_PAYLOAD or number >= total:
            raise Uf2Error(f"block {index} has {size} bytes, number {number} of {total}")
        if not flags & _NOT_MAIN_FLASH:
            at = index * BLOCK + 32
            yield Block(address, number, total, family if flags & _HAS_FAMILY else None, content[at : at + size])


def content(data: bytes) -> tuple[set[int | None], bytes]:
    """Families named in a UF2 file, and its payload from the lowest to the highest address, gaps as 0xFF.

    Raises Uf2Error when a block is wrong or missing.
    """
    found = list(blocks(data))
    missing = sorted(set(range(found[0].total)) - {block.number for block in found}) if found else [0]
    if missing:
        raise Uf2Error(f"block {missing[0]} is missing")
    first, last = min(block.address for block in found), max(block.address + len(block.payload) for block in found)
    if last - first > 256 << 20:
        raise Uf2Error(f"addresses reach from {first:#x} to {last:#x}: no flash is that large")
    image = bytearray(b"\xff" * (last - first))
    for block in found:
        image[block.address - first : block.address - first + len(block.payload)] = block.payload
    return {block.family for block in found}, bytes(image)


def encode(image: bytes, address: int, family: int) -> bytes:
    """A UF2 file that puts `image` at `address` of a part of `family`, in blocks of 256 bytes."""
    parts = [image[at : at + _PAYLOAD].ljust(_PAYLOAD, b"\xff") for at in range(0, len(image), _PAYLOAD)]
    heads = (
        struct.pack("<8I", _START, _SECOND, _HAS_FAMILY, address + number * _PAYLOAD, _PAYLOAD, number, len(parts), family)
        for number in range(len(parts))
    )
    end = struct.pack("<I", _END)
    return b"".join((head + part).ljust(BLOCK - len(end), b"\0") + end for head, part in zip(heads, parts, strict=True))
