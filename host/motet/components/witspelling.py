# SPDX-License-Identifier: Apache-2.0
"""Types in the words of WIT, without their own names and comments: what is spelled alike is the same type for a component."""

from __future__ import annotations

from collections.abc import Iterable

from motet.components.wittypes import (
    Enum,
    Flags,
    Function,
    ListOf,
    Member,
    Option,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
)


def function(given: Function) -> str:
    """What a function takes and gives."""
    return f"func({members(given.params)})" + ("" if given.result is None else f" -> {spelled(given.result)}")


def members(given: Iterable[Member]) -> str:
    """Names with the types of those that have one."""
    return ", ".join(m.name if m.type is None else f"{m.name}: {spelled(m.type)}" for m in given)


def spelled(kind: Type | None) -> str:
    """A type; ``_`` for a payload that is left out."""
    match kind:
        case None:
            return "_"
        case Primitive(name):
            return name
        case ListOf(element):
            return f"list<{spelled(element)}>"
        case Option(some):
            return f"option<{spelled(some)}>"
        case Result(ok, err):
            return f"result<{spelled(ok)}, {spelled(err)}>"
        case Tuple(items):
            return f"tuple<{', '.join(map(spelled, items))}>"
        case Record(parts) | Variant(parts) | Enum(parts) | Flags(parts):
            return f"{type(kind).__name__.lower()} {{ {members(parts)} }}"
    raise TypeError(f"{kind!r} is no WIT type")
