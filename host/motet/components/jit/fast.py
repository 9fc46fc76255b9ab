# SPDX-License-Identifier: Apache-2.0
"""The Canonical ABI of motet_core with short cuts for what most calls are made of: lists of numbers, fields with numbers.

A short cut is taken only where nothing can be refused; everything else, every refusal among it, is left to motet_core.
"""

from __future__ import annotations

import struct
from typing import Any

from motet_core import canonical_call
from motet_core.canonical_lift import Lifter
from motet_core.canonical_lower import Lowerer, Mismatch

_CODES = {"s8": "b", "u8": "B", "s16": "h", "u16": "H", "s32": "i", "u32": "I", "s64": "q", "u64": "Q", "f32": "f", "f64": "d"}
_INFINITY = float("inf")


def packed(kind: str, values: Any) -> bytes | None:
    """The bytes of a list of numbers; None when they need a closer look."""
    wanted = float if kind[0] == "f" else int
    for value in values:
        # Of floats only what is finite: there are several NaNs, and one that may be sent.
        if type(value) is not wanted or not -_INFINITY < value < _INFINITY:
            return None
    try:
        return struct.pack(f"<{len(values)}{_CODES[kind]}", *values)
    except (struct.error, OverflowError):
        return None


class FastLowerer(Lowerer):  # type: ignore[misc]
    """Lists of numbers at once."""

    def _owned(self, kind: Any, value: Any) -> tuple[int, int]:
        element = kind.members[0][1].kind if kind.members else ""
        data = packed(element, value) if element in _CODES and type(value) is list else None
        if data is None:
            found: tuple[int, int] = super()._owned(kind, value)
            return found
        address = self._room(kind.members[0][1].align, len(data))
        if self._write and data:
            self._write(address, data)
        return address, len(value)


class FastLifter(Lifter):  # type: ignore[misc]
    """Lists of numbers, and records of them, at once."""

    def load(self, kind: Any, data: Any, at: int) -> Any:
        if kind.kind == "record":
            left = self._left  # type: ignore[has-type]
            try:
                return {name: self.load(part, data, at + offset) for name, part, offset in kind.members}
            except Mismatch:
                # Once more, to say where.
                self._left = left
                return super().load(kind, data, at)
        code = _CODES.get(kind.kind)
        if code is None:
            return super().load(kind, data, at)
        (value,) = struct.unpack_from("<" + code, data, at)
        return value if kind.kind[0] != "f" or value - value == 0 else super().load(kind, data, at)


class FastTyped(canonical_call.Typed):  # type: ignore[misc]
    """A typed function that takes them."""

    lowerer = FastLowerer
    lifter = FastLifter
