# SPDX-License-Identifier: Apache-2.0
"""Numbers and truth values of WIT: their core WebAssembly types and ranges."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

Primitive = Literal["bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"]
# Parameters that a manifest may list.
MAX_PARAMS = 16
# The largest f32 and f64, and the integers that both ends and JSON hold exactly as a number.
_LARGEST = {"f": 3.4028234663852886e38, "d": 1.7976931348623157e308}
_EXACT = 1 << 53


@dataclass(frozen=True)
class Layout:
    """One primitive: its core value type (``i I f F`` = i32 i64 f32 f64), its ``struct`` code, its range if an integer."""

    core: str
    code: str
    low: int | None = None
    high: int | None = None

    @property
    def size(self) -> int:
        """Bytes in linear memory; the alignment is the same."""
        return struct.calcsize("<" + self.code)

    def accepts(self, bound: float) -> bool:
        """True when ``bound`` is a value of this type: a finite number for a float, an integer in range otherwise."""
        if self.low is None or self.high is None:
            return abs(bound) <= (_EXACT if isinstance(bound, int) else _LARGEST[self.code])
        return isinstance(bound, int) and self.low <= bound <= self.high

    @property
    def accepted(self) -> str:
        """What ``accepts`` accepts, in words."""
        if self.low is None:
            return f"numbers up to {_LARGEST.get(self.code, 0):.9g}, without a decimal point or exponent up to {_EXACT}"
        return f"integers from {self.low} to {self.high}"


def _integer(bits: int, signed: bool, code: str) -> Layout:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return Layout("I" if bits == 64 else "i", code, low, high)


LAYOUTS: dict[str, Layout] = {
    "bool": Layout("i", "B"),
    "u8": _integer(8, False, "B"),
    "s8": _integer(8, True, "b"),
    "u16": _integer(16, False, "H"),
    "s16": _integer(16, True, "h"),
    "u32": _integer(32, False, "I"),
    "s32": _integer(32, True, "i"),
    "u64": _integer(64, False, "Q"),
    "s64": _integer(64, True, "q"),
    "f32": Layout("f", "f"),
    "f64": Layout("F", "d"),
}
