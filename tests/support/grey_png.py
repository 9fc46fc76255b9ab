# SPDX-License-Identifier: Apache-2.0
"""Reads 8-bit grey PNG images (PNG specification, chapters 5 and 9): test images need no more."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]


def _unfiltered(kind: int, row: bytes, above: list[int]) -> list[int]:
    own: list[int] = []
    for x, value in enumerate(row):
        left, up, corner = (own[-1], above[x], above[x - 1]) if x else (0, above[0], 0)
        own.append((value + [0, left, up, (left + up) // 2, _paeth(left, up, corner)][kind]) % 256)
    return own


def read(path: Path) -> NDArray[np.uint8]:
    """The pixels, row by row."""
    data, at, packed = path.read_bytes(), 8, b""
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    assert (depth, colour) == (8, 0), f"{path.name} is not 8-bit grey"
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        packed += data[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    lines, rows = zlib.decompress(packed), [[0] * width]
    for y in range(height):
        begin = y * (width + 1)
        rows.append(_unfiltered(lines[begin], lines[begin + 1 : begin + 1 + width], rows[-1]))
    return np.array(rows[1:], np.uint8)
