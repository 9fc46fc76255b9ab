# SPDX-License-Identifier: Apache-2.0
"""Small values of WIT types for trying a tool: the same for the same type and number.

The first four are the corners: nothing, little, something different in each place, the most that was asked for. From then on they
are drawn at random, always in the same way.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
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
CORNERS = len(_TEXTS)
_LETTERS = 'aZ09 _-.,"\\/\n\0éß–漢🙂'
_LONGEST = 5


def sample(kind: Type | None, number: int, place: int, narrow: Narrowing | None = None) -> Any:
    """Value ``number`` for the parameter at ``place``, inside the range that it may be narrowed to."""
    if number >= CORNERS:
        return _drawn(kind, random.Random(f"{number} {place}"), narrow or Narrowing())
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
    return _number(name, [0, 1, place + 2, 7 if narrow.maximum is None else narrow.maximum][number], narrow)


def _number(name: str, wanted: float, narrow: Narrowing) -> int | float:
    layout = LAYOUTS[name]
    low = layout.low if narrow.minimum is None else narrow.minimum
    high = layout.high if narrow.maximum is None else narrow.maximum
    value = min(max(wanted, -math.inf if low is None else low), math.inf if high is None else high)
    return float(value) if layout.low is None else int(value)


def _drawn(kind: Type | None, chance: random.Random, narrow: Narrowing) -> Any:
    again: Callable[[Type | None], Any] = lambda part: _drawn(part, chance, Narrowing())  # noqa: E731
    match kind:
        case Primitive(name):
            return _drawn_primitive(name, chance, narrow)
        case ListOf(element):
            return [again(element) for _ in range(chance.randint(0, _LONGEST))]
        case Tuple(items):
            return [again(item) for item in items]
        case Record(fields):
            return {field.name: again(field.type) for field in fields}
        case Enum(cases):
            return chance.choice(cases).name
        case Flags(names):
            return [flag.name for flag in names if chance.random() < 0.5]
        case Option(some) if nullable(kind):
            return None if chance.random() < 0.5 else again(some)
        case Option(some):
            case = chance.choice((Member("none"), Member("some", some)))
        case Result(ok, err):
            case = chance.choice((Member("ok", ok), Member("err", err)))
        case Variant(cases):
            case = chance.choice(cases)
        case _:
            raise TypeError(f"{kind!r} is no WIT type")
    return {"tag": case.name} if case.type is None else {"tag": case.name, "val": again(case.type)}


def _drawn_primitive(name: str, chance: random.Random, narrow: Narrowing) -> Any:
    if name == "bool":
        return chance.random() < 0.5
    if name == "char":
        return chance.choice(_LETTERS)
    if name == "string":
        return "".join(chance.choices(_LETTERS, k=chance.randint(0, 12)))
    # Small: how often a tool loops may depend on it, and its fuel is for what its author thinks normal.
    whole = LAYOUTS[name].low is not None
    return _number(name, chance.randint(-20, 20) if whole else round(chance.uniform(-100, 100), 3), narrow)
