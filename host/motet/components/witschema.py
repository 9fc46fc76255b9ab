# SPDX-License-Identifier: Apache-2.0
"""JSON Schema of WIT types, in the form in which typed calls carry values as JSON.

record: object · tuple: array · enum: string · flags: array of strings · option: the value or null ·
variant, result, option around an option: {"tag": case, "val": payload}
"""

from __future__ import annotations

from typing import Any

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

Schema = dict[str, Any]


def of(kind: Type, docs: str = "", given: bool = True) -> Schema:
    """The schema of a type. A ``given`` value is an argument: its integers carry their ranges, its objects no other names."""
    body = _of(kind, given)
    said = docs or getattr(kind, "docs", "")
    text = " ".join(part for part in (one_line(said), _case_docs(kind)) if part)
    return body | ({"description": text} if text else {})


def one_line(docs: str) -> str:
    """A doc comment without its line breaks."""
    return " ".join(docs.split())


def fields(members: tuple[Member, ...], given: bool = True) -> Schema:
    """An object with a property for each member; what may be null may be missing."""
    typed = [(member, member.type) for member in members if member.type is not None]
    body: Schema = {"type": "object"}
    if typed:
        body["properties"] = {member.name: of(kind, member.docs, given) for member, kind in typed}
        body["required"] = [member.name for member, kind in typed if not nullable(kind)]
    return body | ({"additionalProperties": False} if given else {})


def _of(kind: Type, given: bool) -> Schema:
    match kind:
        case Primitive(name):
            return _primitive(name, given)
        case ListOf(element):
            return {"type": "array", "items": of(element, "", given)}
        case Tuple(items):
            size = len(items)
            return {"type": "array", "prefixItems": [of(i, "", given) for i in items], "minItems": size, "maxItems": size}
        case Record(members):
            return fields(members, given)
        case Enum(cases):
            return {"type": "string", "enum": [case.name for case in cases]}
        case Flags(names):
            return {"type": "array", "items": {"type": "string", "enum": [flag.name for flag in names]}, "uniqueItems": True}
        case Option(some) if nullable(kind):
            return _or_null(of(some, "", given))
        case Option(some):
            return _tagged((Member("none"), Member("some", some)), given)
        case Result(ok, err):
            return _tagged((Member("ok", ok), Member("err", err)), given)
        case Variant(cases):
            return _tagged(cases, given)
    raise TypeError(f"{kind!r} is no WIT type")


def _primitive(name: str, given: bool) -> Schema:
    if name == "string":
        return {"type": "string"}
    if name == "char":
        return {"type": "string", "minLength": 1, "maxLength": 1}
    if name == "bool":
        return {"type": "boolean"}
    layout = LAYOUTS[name]
    if layout.low is None:
        return {"type": "number"}
    return {"type": "integer"} | ({"minimum": layout.low, "maximum": layout.high} if given else {})


def _or_null(body: Schema) -> Schema:
    body = body | {"type": [body["type"], "null"]}
    return body | ({"enum": [*body["enum"], None]} if "enum" in body else {})


def _tagged(cases: tuple[Member, ...], given: bool) -> Schema:
    # Cases without payload differ in their tag only.
    bare = [case.name for case in cases if case.type is None]
    choices = [_choice({"enum": bare} if len(bare) > 1 else {"const": bare[0]}, None, "", given)] if bare else []
    choices += [_choice({"const": case.name}, case.type, case.docs, given) for case in cases if case.type is not None]
    return {"type": "object", "oneOf": choices} if len(choices) > 1 else choices[0]


def _choice(tag: Schema, payload: Type | None, docs: str, given: bool) -> Schema:
    properties, required = {"tag": tag}, ["tag"]
    if payload is not None:
        properties["val"] = of(payload, docs, given)
        required.append("val")
    body: Schema = {"type": "object", "properties": properties, "required": required}
    return body | ({"additionalProperties": False} if given else {})


def _case_docs(kind: Type) -> str:
    match kind:
        case Enum(members) | Flags(members) | Variant(members):
            told = [f"{m.name}: {one_line(m.docs)}" for m in members if m.docs and (m.type is None)]
            return "; ".join(told)
    return ""
