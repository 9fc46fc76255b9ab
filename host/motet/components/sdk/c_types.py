# SPDX-License-Identifier: Apache-2.0
"""Types of a contract in C. Each lies in memory as the Canonical ABI stores it, which static assertions confirm."""

from __future__ import annotations

from motet.components.sdk import keywords
from motet.components.sdk.layout import Layout
from motet.components.sdk.names import Scope, described, snake, upper
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
)

PRIMITIVE = {f"{sign}{bits}": f"{'u' if sign == 'u' else ''}int{bits}_t" for sign in "us" for bits in (8, 16, 32, 64)}
PRIMITIVE |= {"bool": "bool", "f32": "float", "f64": "double", "char": "uint32_t", "string": "motet_string_t"}
_TAG = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t"}


class CTypes:
    """``scope`` is that of the whole header."""

    def __init__(self, layout: Layout, scope: Scope) -> None:
        self._layout = layout
        self._scope = scope
        self._names: dict[Type, str] = {}
        self.text = "".join(self._definition(kind) for kind in layout.types)

    def name(self, kind: Type) -> str:
        """A type as it is written in a declaration."""
        return PRIMITIVE[kind.name] if isinstance(kind, Primitive) else self._names[kind]

    def _definition(self, kind: Type) -> str:
        base = snake(described(kind))
        name = self._names[kind] = self._scope.take(base + "_t", base + "__t")
        prefix = name.removesuffix("_t").upper()
        laid = self._layout.of(kind)
        check = f'_Static_assert(sizeof({name}) == {laid.size} && _Alignof({name}) == {laid.align}, "Canonical ABI");\n'
        return "\n" + comment(getattr(kind, "docs", "")) + self._body(kind, name, prefix) + check

    def _body(self, kind: Type, name: str, prefix: str) -> str:
        tag = _TAG.get(self._layout.of(kind).disc, "")
        match kind:
            case ListOf(element):
                return f"typedef struct {{ const {self.name(element)} *ptr; uint32_t len; }} {name};\n"
            case Option(some):
                return f"typedef struct {{ bool some; {self.name(some)} val; }} {name};\n"
            case Result(ok, err):
                payload = self._union([Member("ok", ok), Member("err", err)])
                return f"typedef struct {{ bool is_err;{payload} }} {name};\n"
            case Tuple(items):
                return self._struct([Member(f"f{number}", item) for number, item in enumerate(items)], name)
            case Record(fields):
                return self._struct(list(fields), name)
            case Enum(cases):
                return f"typedef {tag} {name};\n" + self._constants(prefix, cases)
            case Flags(names):
                return f"typedef {tag} {name};\n" + self._bits(prefix, name, names)
            case Variant(cases):
                constants = self._constants(prefix, cases)
                return f"{constants}typedef struct {{ {tag} tag;{self._union(list(cases))} }} {name};\n"
        raise TypeError(kind)

    def fields(self, kind: Record | Variant) -> dict[str, str]:
        """Names of a record's fields or of a variant's payloads."""
        members = kind.fields if isinstance(kind, Record) else kind.cases
        return dict(zip([m.name for m in members], _members(list(members)), strict=True))

    def _struct(self, members: list[Member], name: str) -> str:
        lines = ""
        for member, field in zip(members, _members(members), strict=True):
            assert member.type is not None
            lines += comment(member.docs, "    ") + f"    {self.name(member.type)} {field};\n"
        return f"typedef struct {{\n{lines}}} {name};\n"

    def _union(self, members: list[Member]) -> str:
        fields = zip(members, _members(members), strict=True)
        text = " ".join(f"{self.name(member.type)} {field};" for member, field in fields if member.type is not None)
        return f" union {{ {text} }} val;" if text else ""

    def _constants(self, prefix: str, cases: tuple[Member, ...]) -> str:
        names = [self._scope.take(f"{prefix}_{upper(case.name)}", f"{prefix}__{upper(case.name)}") for case in cases]
        return f"enum {{ {', '.join(f'{name} = {number}' for number, name in enumerate(names))} }};\n"

    def _bits(self, prefix: str, kind: str, flags: tuple[Member, ...]) -> str:
        names = [self._scope.take(f"{prefix}_{upper(flag.name)}", f"{prefix}__{upper(flag.name)}") for flag in flags]
        return "".join(f"#define {name} (({kind})(UINT32_C(1) << {number}))\n" for number, name in enumerate(names))


def _members(members: list[Member]) -> list[str]:
    return Scope(keywords.C).members(snake(member.name) for member in members)


def comment(docs: str, indent: str = "") -> str:
    """A doc comment as line comments; a backslash at the end of one would take in the next line."""
    lines = [line.rstrip(" \\") for line in docs.splitlines()]
    return "".join(f"{indent}// {line}".rstrip() + "\n" for line in lines)
