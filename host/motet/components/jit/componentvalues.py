# SPDX-License-Identifier: Apache-2.0
"""Values between the form that typed calls have everywhere and that of wasmtime's component API, by their WIT types.

Ours: records are dicts, variants {"tag", "val"}, an option None or the value, flags a list of names. What comes for ``json`` has
lists where else there are tuples and bytes, as on devices.
"""

from __future__ import annotations

import functools
from typing import Any

from wasmtime import component as wc
from wasmtime.component import _types

from motet.components import descriptor
from motet.components.wittypes import Flags, Function, ListOf, Option, Primitive, Record, Result, Tuple, Type, Variant, nullable
from motet_core.canonical_lower import Lowerer
from motet_core.canonical_types import Types

_BYTE = Primitive("u8")
_CHECKED = 1 << 30

# Left to itself it tells cases apart by Python's classes, where a bool is an int.
_types.VariantLikeType._tagged = lambda self: True  # type: ignore[method-assign]


def arguments(function: Function, given: dict[str, Any]) -> list[Any]:
    """A function's parameters for wasmtime, from values by name. Raises Mismatch where one does not fit its type."""
    _rehearse(_layout(function).params, given)
    return [lowered(param.type, given.get(param.name)) for param in function.params]


def answer(function: Function, value: Any) -> Any:
    """What an import returns, for wasmtime. Raises Mismatch."""
    if function.result is None:
        return None
    _rehearse(_layout(function).result, value)
    return lowered(function.result, value)


@functools.lru_cache(maxsize=1024)
def _layout(function: Function) -> Any:
    return Types(descriptor.encode([Function("f", function.params, function.result)])).functions["f"]


def _rehearse(kind: Any, value: Any) -> None:
    """Says what is wrong with a value in the words of devices; wasmtime cuts numbers off where they do not fit."""
    Lowerer(None, None, _CHECKED).store(kind, value, bytearray(kind.size), 0)


def lowered(kind: Type | None, value: Any) -> Any:
    """For wasmtime; the value has been checked."""
    match kind:
        case ListOf(element):
            return bytes(value) if element == _BYTE else [lowered(element, item) for item in value]
        case Tuple(items):
            return tuple(map(lowered, items, value))
        case Record(fields):
            record = wc.Record()
            for field in fields:
                setattr(record, field.name, lowered(field.type, value.get(field.name)))
            return record
        case Option(some) if nullable(kind):
            return wc.Variant("none") if value is None else wc.Variant("some", lowered(some, value))
        case Option() | Result() | Variant():
            payload = cases(kind)[value["tag"]]
            return wc.Variant(value["tag"], None if payload is None else lowered(payload, value.get("val")))
        case Flags():
            return set(value)
        case Primitive("f32" | "f64"):
            return float(value)
        case Primitive("bool" | "char" | "string"):
            return value
        case Primitive():
            return int(value)
    return value


def lifted(kind: Type | None, value: Any, json: bool = False) -> Any:
    """From wasmtime. Raises ValueError for a number that JSON cannot carry."""
    match kind:
        case ListOf(element) if element == _BYTE:
            return list(value) if json else value
        case ListOf(element):
            return [lifted(element, item, json) for item in value]
        case Tuple(items):
            values = [lifted(item, one, json) for item, one in zip(items, value, strict=True)]
            return values if json else tuple(values)
        case Record(fields):
            return {field.name: lifted(field.type, getattr(value, field.name), json) for field in fields}
        case Option(some) if nullable(kind):
            return None if value.tag == "none" else lifted(some, value.payload, json)
        case Option() | Result() | Variant():
            payload = cases(kind)[value.tag]
            return {"tag": value.tag} | ({} if payload is None else {"val": lifted(payload, value.payload, json)})
        case Flags(names):
            return [name.name for name in names if name.name in value]
        case Primitive("f32" | "f64") if json and value - value != 0:
            raise ValueError("not a finite number, which JSON cannot carry")
    return value


def cases(kind: Option | Result | Variant) -> dict[str, Type | None]:
    """Payloads by the case's name."""
    match kind:
        case Option(some):
            return {"none": None, "some": some}
        case Result(ok, err):
            return {"ok": ok, "err": err}
    return {case.name: case.type for case in kind.cases}
