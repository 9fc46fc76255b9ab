# SPDX-License-Identifier: Apache-2.0
"""Walks the instructions of a function body: MVP, sign extension and saturating conversion, nothing else.

The rules need what a validator does not report: how deep blocks nest and how many targets a ``br_table`` has, because both are
recursion or stack on a small device. The walk has no recursion of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from motet.components.reader import Malformed, Reader
from motet.components.wasmitems import LETTERS

_BLOCK, _LOOP, _IF, _END, _BR_TABLE, _PREFIX = 0x02, 0x03, 0x04, 0x0B, 0x0E, 0xFC
_EMPTY = 0x40
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


@dataclass
class Shape:
    """What a body looks like: instructions, deepest nesting, widest ``br_table`` with the byte where it stands."""

    instructions: int = 0
    nesting: int = 0
    nesting_at: int = 0
    targets: int = 0
    targets_at: int = 0


def _nothing(reader: Reader) -> None:
    """No immediate."""


def _block_type(reader: Reader) -> None:
    code = reader.byte()
    if code != _EMPTY and code not in LETTERS:
        raise Malformed(reader.position - 1, "multi-value: a block with parameters or several results")


def _index(reader: Reader) -> None:
    reader.u32()


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
    table |= dict.fromkeys((_BLOCK, _LOOP, _IF), _block_type)
    table |= dict.fromkeys((0x0C, 0x0D, 0x10, *range(0x20, 0x25)), _index)
    table |= dict.fromkeys(range(0x28, 0x3F), _memory_argument)
    table |= dict.fromkeys((0x3F, 0x40), _zero)
    table |= {0x11: _call_indirect, 0x41: Reader.s32, 0x42: Reader.s64}
    return table | {0x43: lambda r: r.take(4), 0x44: lambda r: r.take(8), _PREFIX: _saturating}


_IMMEDIATES = _immediates()


def walk(data: bytes, start: int, end: int) -> Shape:
    """The shape of the code in ``data[start:end]``. Raises Malformed with the byte of the first instruction it does not know."""
    reader, shape, depth = Reader(data, start, end), Shape(), 1
    while depth:
        at, code = reader.position, reader.byte()
        shape.instructions += 1
        if code == _BR_TABLE:
            _targets(reader, shape, at)
        elif code in _IMMEDIATES:
            _IMMEDIATES[code](reader)
        else:
            feature = next((name for name, codes in _FEATURES.items() if code in codes), "unknown")
            raise Malformed(at, f"{feature}: instruction {code:#04x}")
        depth += (code in (_BLOCK, _LOOP, _IF)) - (code == _END)
        if depth - 1 > shape.nesting:
            shape.nesting, shape.nesting_at = depth - 1, at
    if not reader.done:
        raise Malformed(reader.position, "code after the end of the function")
    return shape


def _targets(reader: Reader, shape: Shape, at: int) -> None:
    count = sum(1 for _ in reader.vector(reader.u32)) + 1
    reader.u32()
    if count > shape.targets:
        shape.targets, shape.targets_at = count, at
