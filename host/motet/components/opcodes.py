# SPDX-License-Identifier: Apache-2.0
"""Reads the instructions of a function body: MVP, sign extension and saturating conversion, nothing else. Without recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from motet.components.reader import Malformed, Reader
from motet.components.wasmitems import LETTERS

UNREACHABLE, BLOCK, LOOP, IF, ELSE, END = 0x00, 0x02, 0x03, 0x04, 0x05, 0x0B
BR, BR_IF, BR_TABLE, RETURN = 0x0C, 0x0D, 0x0E, 0x0F
_PREFIX = 0xFC
EMPTY = 0x40
_MAX_ALIGNMENT = 3

# First bytes of later proposals, to call a refused instruction by its feature.
_FEATURES = {
    "exceptions": (0x06, 0x07, 0x08, 0x09, 0x0A, 0x18, 0x19, 0x1F),
    "tail-call": (0x12, 0x13),
    "function-references": (0x14, 0x15, 0xD3, 0xD4, 0xD5, 0xD6),
    "reference-types": (0x1C, 0x25, 0x26, 0xD0, 0xD1, 0xD2),
    "stack-switching": (0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6),
    "gc": (0xFB,),
    "simd": (0xFD,),
    "threads": (0xFE,),
}


class Instruction(NamedTuple):
    """One instruction: where it stands, its first byte, what the rules want of its immediates, and how many blocks are open
    around it, the function's own included. ``argument``: a block's type, a branch's label, all labels of a ``br_table``."""

    at: int
    code: int
    argument: Any
    depth: int


def _nothing(reader: Reader) -> None:
    """No immediate."""


def _block_type(reader: Reader) -> int:
    code = reader.byte()
    if code != EMPTY and code not in LETTERS:
        raise Malformed(reader.position - 1, "multi-value: a block with parameters or several results")
    return code


def _labels(reader: Reader) -> list[int]:
    return [*reader.vector(reader.u32), reader.u32()]


def _memory_argument(reader: Reader) -> None:
    if reader.u32() > _MAX_ALIGNMENT:
        raise Malformed(reader.position - 1, "multi-memory: a memory argument names a memory")
    reader.u32()


def _call_indirect(reader: Reader) -> None:
    reader.u32()
    _zero(reader)


def _zero(reader: Reader) -> None:
    if reader.byte():
        raise Malformed(reader.position - 1, "a second table or memory")


def _saturating(reader: Reader) -> None:
    start, number = reader.position, reader.u32()
    if number > 7:
        feature = "bulk-memory" if number < 18 else "wide-arithmetic"
        raise Malformed(start, f"{feature}: instruction 0xfc {number:#04x}")


def _immediates() -> dict[int, Callable[[Reader], object]]:
    plain = [0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, *range(0x45, 0xC5)]
    table: dict[int, Callable[[Reader], object]] = dict.fromkeys(plain, _nothing)
    table |= dict.fromkeys((BLOCK, LOOP, IF), _block_type)
    table |= dict.fromkeys((BR, BR_IF, 0x10, *range(0x20, 0x25)), Reader.u32)
    table[BR_TABLE] = _labels
    table |= dict.fromkeys(range(0x28, 0x3F), _memory_argument)
    table |= dict.fromkeys((0x3F, 0x40), _zero)
    table |= {0x11: _call_indirect, 0x41: Reader.s32, 0x42: Reader.s64}
    return table | {0x43: lambda r: r.take(4), 0x44: lambda r: r.take(8), _PREFIX: _saturating}


_IMMEDIATES = _immediates()


def instructions(data: bytes, start: int, end: int) -> Iterator[Instruction]:
    """The instructions in ``data[start:end]``. Raises Malformed with the byte of the first one it does not know."""
    reader, depth = Reader(data, start, end), 1
    while depth:
        at, code = reader.position, reader.byte()
        if code not in _IMMEDIATES:
            feature = next((name for name, codes in _FEATURES.items() if code in codes), "unknown")
            raise Malformed(at, f"{feature}: instruction {code:#04x}")
        yield Instruction(at, code, _IMMEDIATES[code](reader), depth)
        depth += (code in (BLOCK, LOOP, IF)) - (code == END)
    if not reader.done:
        raise Malformed(reader.position, "code after the end of the function")
