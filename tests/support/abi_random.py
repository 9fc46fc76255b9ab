# SPDX-License-Identifier: Apache-2.0
"""Random WIT types and values of them, the same for the same seed."""

from __future__ import annotations

import random
import struct
from typing import Any

from motet.components.wittypes import (
    PRIMITIVES,
    Enum,
    Flags,
    ListOf,
    Member,
    Option,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
    nullable,
)

_INTEGERS = {f"{sign}{bits}": (sign == "s", bits) for sign in "su" for bits in (8, 16, 32, 64)}
_TEXTS = ("", "a", "temperature", "grün", "日本", "𝄞 clef", "\0", "x" * 70)
_FLOATS = (0.0, -0.0, 1.5, -2.25, 1e-45, 3.4028234663852886e38, float("inf"), float("-inf"), float("nan"))


def names(count: int) -> list[str]:
    return [f"n{number}" for number in range(count)]


def random_type(rng: random.Random, depth: int = 4) -> Type:
    """A type nested at most `depth` deep; leaves are as likely as all containers together."""
    if depth == 0 or rng.random() < 0.4:
        return Primitive(rng.choice(PRIMITIVES))
    part = lambda: random_type(rng, depth - 1)  # noqa: E731
    match rng.choice(("list", "option", "result", "tuple", "record", "variant", "enum", "flags")):
        case "list":
            return ListOf(part())
        case "option":
            return Option(part())
        case "result":
            return Result(*(part() if rng.random() < 0.7 else None for _ in range(2)))
        case "tuple":
            return Tuple(tuple(part() for _ in range(rng.randint(1, 4))))
        case "record":
            return Record(tuple(Member(name, part()) for name in names(rng.randint(1, 5))))
        case "variant":
            cases = names(rng.choice((1, 2, 3, 5)))
            return Variant(tuple(Member(name, part() if rng.random() < 0.7 else None) for name in cases))
        case "enum":
            return Enum(tuple(Member(name) for name in names(rng.choice((1, 3, 255, 256, 257, 300)))))
    return Flags(tuple(Member(name) for name in names(rng.choice((1, 7, 8, 9, 16, 17, 31, 32)))))


def random_value(rng: random.Random, kind: Type | None) -> Any:
    """A value as typed calls take and give it."""
    match kind:
        case Primitive(name):
            return _scalar(rng, name)
        case ListOf(Primitive("u8")):
            return rng.randbytes(rng.choice((0, 1, 3, 20)))
        case ListOf(element):
            return [random_value(rng, element) for _ in range(rng.choice((0, 1, 2, 5)))]
        case Option(some):
            if nullable(kind):
                return None if rng.random() < 0.4 else random_value(rng, some)
            return {"tag": "none"} if rng.random() < 0.4 else {"tag": "some", "val": random_value(rng, some)}
        case Result(ok, err):
            return _tagged(rng, rng.choice((Member("ok", ok), Member("err", err))))
        case Tuple(items):
            return tuple(random_value(rng, item) for item in items)
        case Record(fields):
            return {field.name: random_value(rng, field.type) for field in fields}
        case Variant(cases):
            return _tagged(rng, rng.choice(cases))
        case Enum(cases):
            return rng.choice(cases).name
        case Flags(members):
            return [member.name for member in members if rng.random() < 0.5]
    raise TypeError(kind)


def _tagged(rng: random.Random, case: Member) -> dict[str, Any]:
    return {"tag": case.name} if case.type is None else {"tag": case.name, "val": random_value(rng, case.type)}


def _scalar(rng: random.Random, name: str) -> Any:
    if name in _INTEGERS:
        signed, bits = _INTEGERS[name]
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        return rng.choice((low, high, max(low, -1), 0, 1, rng.randint(low, high)))
    if name == "bool":
        return rng.random() < 0.5
    if name == "char":
        return chr(rng.choice((0, 65, 0xE9, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF)))
    if name == "string":
        return rng.choice(_TEXTS)
    value = rng.choice((*_FLOATS, rng.uniform(-1e6, 1e6)))
    return struct.unpack("<f", struct.pack("<f", value))[0] if name == "f32" else value


def same(one: Any, other: Any) -> bool:
    """Equality in which true is not 1, -0.0 is not 0.0 and NaN is NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("<d", one) == struct.pack("<d", other) or (one != one and other != other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
