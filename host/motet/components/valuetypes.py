# SPDX-License-Identifier: Apache-2.0
"""The types a component's tools may use, their core WebAssembly form and their JSON Schema.

Layout and flattening follow the Component Model's Canonical ABI ("Alignment", "Element Size", "Flattening").
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Literal

Primitive = Literal["bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"]
Value = bool | int | float

# Canonical ABI: more flat results than this go through a return pointer, more parameters through memory.
MAX_FLAT_RESULTS = 1
MAX_FLAT_PARAMS = 16
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


def offsets(types: list[Primitive]) -> tuple[list[int], int]:
    """Byte offsets of a record's fields and its size, padded to its alignment."""
    at, places, align = 0, [], 1
    for name in types:
        size = LAYOUTS[name].size
        at = -(-at // size) * size
        places.append(at)
        at, align = at + size, max(align, size)
    return places, -(-at // align) * align


def flat(types: list[Primitive]) -> str:
    """Core value types, one letter each, in the engine's notation."""
    return "".join(LAYOUTS[name].core for name in types)


def lift_record(types: list[Primitive], data: bytes) -> list[Value]:
    """Field values from the bytes of a record; ``data`` is exactly as long as ``offsets`` says."""
    places, _ = offsets(types)
    raw = [struct.unpack_from("<" + LAYOUTS[name].code, data, at)[0] for name, at in zip(types, places, strict=True)]
    return [value != 0 if name == "bool" else value for name, value in zip(types, raw, strict=True)]


def schema(name: Primitive, description: str, minimum: Value | None, maximum: Value | None) -> dict[str, Any]:
    """JSON Schema of one value with the given bounds; None leaves a bound out."""
    kind = "boolean" if name == "bool" else "number" if LAYOUTS[name].low is None else "integer"
    body = {"type": kind, "minimum": minimum, "maximum": maximum, "description": description or None}
    return {key: part for key, part in body.items() if part is not None}
