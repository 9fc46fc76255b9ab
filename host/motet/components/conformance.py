# SPDX-License-Identifier: Apache-2.0
"""Whether a component is what its contract says: the world's exports are there, and nothing is imported that it does not name.

Types are compared by structure, as the Component Model does: names of types carry no meaning, those of fields and cases do.
What it exports beyond the world is nobody's here and falls away.
"""

from __future__ import annotations

from typing import Any

from motet.components import descriptor, smoke, witspelling
from motet.components.errors import AdmissionError
from motet.components.wittypes import (
    PRIMITIVES,
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
    World,
)
from motet_core.errors import Refused

_RULE = "conformance"


def check(component: bytes, world: World) -> None:
    """Refuses a component whose type is not the world's, naming the function, or one that wasmtime finds invalid."""
    compare(smoke.ask({"component": component}), world)


def compare(told: dict[str, Any], world: World) -> None:
    """The same for what ``component_types`` tells of a component. Raises AdmissionError."""
    if "refused" in told:
        rule, reason = told["refused"]
        raise AdmissionError(rule, reason)
    exports = {key(*row[:2]): row for row in told["exports"]}
    for wanted in world.exports:
        where = f"export {key(wanted.interface, wanted.name)}"
        if (row := exports.get(key(wanted.interface, wanted.name))) is None:
            there = ", ".join(sorted(exports)) or "none"
            raise AdmissionError(_RULE, f"the world exports it, the component does not (it exports {there[:200]})", where)
        _compare(wanted, row, where)
    given = {key(one.interface, one.name): one for one in world.imports}
    for row in told["imports"]:
        where = f"import {key(*row[:2])}"
        if (offered := given.get(key(*row[:2]))) is None:
            raise AdmissionError(_RULE, "the component imports it, the world does not", where)
        _compare(offered, row, where)


def key(interface: str, name: str) -> str:
    """A function's core name, from the two parts."""
    return f"{interface}#{name}" if interface else name


def _compare(wanted: Function, row: list[Any], where: str) -> None:
    found = _function(row, where)
    try:
        same = descriptor.encode([found]) == descriptor.encode([Function("f", wanted.params, wanted.result)])
    except Refused as error:
        raise AdmissionError(_RULE, str(error), where) from None
    if not same:
        reason = f"the component has {_cut(found)}, the world {_cut(wanted)}"
        raise AdmissionError(_RULE, reason, where)


def _function(row: list[Any], where: str) -> Function:
    try:
        params = tuple(Member(name, _type(kind)) for name, kind in row[2])
        return Function("f", params, None if row[3] is None else _type(row[3]))
    except ValueError as error:
        raise AdmissionError(_RULE, f"it uses {error}, which devices do not take", where) from None


def _type(data: Any) -> Type:
    """From the plain data of ``component_types``. ValueError with the name of what is no device type."""
    if isinstance(data, str):
        if data not in PRIMITIVES:
            raise ValueError(data)
        return Primitive(data)
    kind, *rest = data
    match kind:
        case "list":
            return ListOf(_type(rest[0]))
        case "option":
            return Option(_type(rest[0]))
        case "result":
            return Result(*(None if part is None else _type(part) for part in rest))
        case "tuple":
            return Tuple(tuple(map(_type, rest)))
        case "record":
            return Record(tuple(Member(name, _type(part)) for name, part in rest))
        case "variant":
            return Variant(tuple(Member(name, None if part is None else _type(part)) for name, part in rest))
        case "enum":
            return Enum(tuple(map(Member, rest)))
    return Flags(tuple(map(Member, rest)))


def _cut(function: Function) -> str:
    """A function's type, cut where it gets long."""
    text = witspelling.function(function)
    return text if len(text) <= 200 else text[:199] + "…"
