# SPDX-License-Identifier: Apache-2.0
"""Small values of WIT types for trying a tool: the same for the same type and number."""

from __future__ import annotations

import math
from typing import Any

from motet.components.tooltext import Narrowing
from motet.components.valuetypes import LAYOUTS
from motet.components.wittypes import (
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

_TEXTS = ("", "a", "sample", "größer")


def sample(kind: Type | None, number: int, place: int, narrow: Narrowing | None = None) -> Any:
    """Value ``number`` (0 to 3) for the parameter at ``place``, inside the range that it may be narrowed to."""
    match kind:
        case Primitive(name):
            return _primitive(name, number, place, narrow or Narrowing())
        case ListOf(element):
            return [sample(element, (number + item) % 4, place) for item in range(number)]
        case Tuple(items):
            return [sample(item, number, place + at) for at, item in enumerate(items)]
        case Record(fields):
            return {field.name: sample(field.type, number, place + at) for at, field in enumerate(fields)}
        case Enum(cases):
            return cases[number % len(cases)].name
        case Flags(names):
            return [flag.name for at, flag in enumerate(names) if at % 4 < number]
        case Option(some) if nullable(kind):
            return None if number == 0 else sample(some, number, place)
        case Option(some):
            return _tagged(Member("none") if number == 0 else Member("some", some), number, place)
        case Result(ok, err):
            return _tagged(Member("err", err) if number % 2 else Member("ok", ok), number, place)
        case Variant(cases):
            return _tagged(cases[number % len(cases)], number, place)
    raise TypeError(f"{kind!r} is no WIT type")


def _tagged(case: Member, number: int, place: int) -> dict[str, Any]:
    return {"tag": case.name} if case.type is None else {"tag": case.name, "val": sample(case.type, number, place)}


def _primitive(name: str, number: int, place: int, narrow: Narrowing) -> Any:
    if name == "bool":
        return number % 2 == 1
    if name == "string":
        return _TEXTS[number]
    if name == "char":
        return "aZ0é"[number]
    # 0, 1, one that differs between parameters, the largest if there is one.
    wanted = [0, 1, place + 2, 7 if narrow.maximum is None else narrow.maximum][number]
    layout = LAYOUTS[name]
    low = layout.low if narrow.minimum is None else narrow.minimum
    high = layout.high if narrow.maximum is None else narrow.maximum
    value = min(max(wanted, -math.inf if low is None else low), math.inf if high is None else high)
    return float(value) if layout.low is None else int(value)
