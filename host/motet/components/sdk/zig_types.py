# SPDX-License-Identifier: Apache-2.0
"""Types of a contract in Zig: extern structs, which lie in memory as the Canonical ABI stores them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from motet.components.sdk import keywords
from motet.components.sdk.layout import Layout
from motet.components.sdk.names import Scope, described, pascal, snake
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

_PRIMITIVE = {f"s{bits}": f"i{bits}" for bits in (8, 16, 32, 64)} | {"char": "u32", "string": "Text"}
_INTEGER = re.compile(r"[iu]\d+")


def quoted(name: str) -> str:
    """A name as Zig takes it: keywords and the names of its own types stand in quotes."""
    return f'@"{name}"' if name in keywords.ZIG or _INTEGER.fullmatch(name) else name


class ZigTypes:
    """``scope`` is that of the whole file."""

    def __init__(self, layout: Layout, scope: Scope) -> None:
        self._layout = layout
        self._scope = scope
        self._names: dict[Type, str] = {}
        self.text = "".join(self._definition(kind) for kind in layout.types)

    def name(self, kind: Type | None, prefix: str = "") -> str:
        """A type as it is written in a declaration, ``prefix`` before names of the bindings."""
        match kind:
            case None:
                return "void"
            case Primitive("string"):
                return f"{prefix}Text"
            case Primitive(name):
                return _PRIMITIVE.get(name, name)
            case ListOf(element):
                return f"{prefix}List({self.name(element, prefix)})"
            case Option(some):
                return f"{prefix}Option({self.name(some, prefix)})"
            case Result(ok, err):
                return f"{prefix}Result({self.name(ok, prefix)}, {self.name(err, prefix)})"
        return prefix + self._names[kind]

    def _definition(self, kind: Type) -> str:
        laid = self._layout.of(kind)
        text = ""
        if not isinstance(kind, ListOf | Option | Result):
            name = self._names[kind] = quoted(self._scope.take(pascal(described(kind))))
            text = "\n" + comment(getattr(kind, "docs", "")) + f"pub const {name} = {self._body(kind)};\n"
        shown = self.name(kind)
        check = f"@sizeOf({shown}) != {laid.size} or @alignOf({shown}) != {laid.align}"
        return f'{text}comptime {{\n    if ({check}) @compileError("Canonical ABI");\n}}\n'

    def _body(self, kind: Type) -> str:
        bits = self._layout.of(kind).disc * 8
        match kind:
            case Tuple(items):
                return self._struct([Member(f"f{number}", item) for number, item in enumerate(items)])
            case Record(fields):
                return self._struct(fields)
            case Enum(cases):
                return f"enum(u{bits}) {{ {', '.join(_names(cases))} }}"
            case Flags(flags):
                named = [f"{name}: bool = false" for name in _names(flags)]
                rest = [f"_: u{bits - len(flags)} = 0"] if bits > len(flags) else []
                return f"packed struct(u{bits}) {{ {', '.join(named + rest)} }}"
            case Variant(cases):
                return self._variant(cases, bits)
        raise TypeError(kind)

    def _struct(self, members: Iterable[Member]) -> str:
        members = list(members)
        rows = zip(members, _names(members), strict=True)
        fields = [f"{comment(m.docs, '    ')}    {name}: {self.name(m.type)},\n" for m, name in rows]
        return f"extern struct {{\n{''.join(fields)}}}"

    def _variant(self, cases: tuple[Member, ...], bits: int) -> str:
        names = _names(cases, ("tag", "val", "Tag"))
        rows = list(zip(cases, names, strict=True))
        held = ", ".join(f"{name}: {self.name(case.type)}" for case, name in rows if case.type is not None)
        makers = "".join(self._maker(case, name, bool(held)) for case, name in rows)
        value = f"    val: extern union {{ {held} }} = undefined,\n" if held else ""
        return (
            f"extern struct {{\n    tag: Tag,\n{value}\n    pub const Tag = enum(u{bits}) {{ {', '.join(names)} }};\n{makers}}}"
        )

    def _maker(self, case: Member, name: str, held: bool) -> str:
        # A parameter must not have the name of any declaration around it.
        param, value = "", ""
        if case.type is not None:
            param, value = f"_value: {self.name(case.type)}", f", .val = .{{ .{name} = _value }}"
        docs = comment(case.docs, "    ")
        return f"\n{docs}    pub fn {name}({param}) @This() {{\n        return .{{ .tag = .{name}{value} }};\n    }}\n"


def _names(members: Iterable[Member], taken: Iterable[str] = ()) -> list[str]:
    return [quoted(name) for name in Scope(taken).members(snake(member.name) for member in members)]


def comment(docs: str, indent: str = "") -> str:
    """A doc comment."""
    return "".join(f"{indent}/// {line}".rstrip() + "\n" for line in docs.splitlines())
