# SPDX-License-Identifier: Apache-2.0
"""Types of a contract in Rust, which lie in memory as the Canonical ABI stores them: ``repr(C)`` and ``repr(C, u8)``."""

from __future__ import annotations

from collections.abc import Iterable

from motet.components.sdk import keywords
from motet.components.sdk.layout import Layout
from motet.components.sdk.names import Scope, described, pascal, snake, upper
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

_PRIMITIVE = {f"s{bits}": f"i{bits}" for bits in (8, 16, 32, 64)}


def raw(name: str) -> str:
    """A name that is no keyword."""
    if name in keywords.RUST_NEVER:
        return name + "_"
    return f"r#{name}" if name in keywords.RUST else name


class RustTypes:
    """``scope`` is that of the whole module."""

    def __init__(self, layout: Layout, scope: Scope) -> None:
        self._layout = layout
        self._scope = scope
        self._names: dict[Type, str] = {}
        self.text = "".join(self._definition(kind) for kind in layout.types)

    def name(self, kind: Type | None, life: str = "'a") -> str:
        """A type as it is written in a declaration."""
        match kind:
            case None:
                return "()"
            case Primitive("string"):
                return f"Text<{life}>"
            case Primitive(name):
                return _PRIMITIVE.get(name, name)
            case ListOf(element):
                return f"List<{life}, {self.name(element, life)}>"
            case Option(some):
                return f"Maybe<{self.name(some, life)}>"
            case Result(ok, err):
                return f"Outcome<{self.name(ok, life)}, {self.name(err, life)}>"
        return self._names[kind] + (f"<{life}>" if self._layout.of(kind).owns else "")

    def passed(self, kind: Type | None, life: str = "'a") -> str:
        """A parameter's or result's type, for which Rust's own ``Option`` and ``Result`` are used."""
        match kind:
            case Option(some):
                return f"Option<{self.name(some, life)}>"
            case Result(ok, err):
                return f"Result<{self.name(ok, life)}, {self.name(err, life)}>"
        return self.name(kind, life)

    def _definition(self, kind: Type) -> str:
        laid = self._layout.of(kind)
        text = ""
        if not isinstance(kind, ListOf | Option | Result):
            self._names[kind] = self._scope.take(pascal(described(kind)))
            text = "\n" + comment(getattr(kind, "docs", "")) + self._body(kind, self.name(kind), self._names[kind])
        shown = self.name(kind, "'static")
        size = f"core::mem::size_of::<{shown}>() == {laid.size} && core::mem::align_of::<{shown}>() == {laid.align}"
        return f"{text}const _: () = assert!({size});\n"

    def _body(self, kind: Type, name: str, plain: str) -> str:
        bits = self._layout.of(kind).disc * 8
        derive = "#[derive(Clone, Copy, PartialEq, Debug)]\n"
        match kind:
            case Tuple(items):
                return f"#[repr(C)]\n{derive}pub struct {name}({', '.join(f'pub {self.name(item)}' for item in items)});\n"
            case Record(fields):
                rows = zip(fields, _snakes(fields), strict=True)
                lines = [f"{comment(m.docs, '    ')}    pub {field}: {self.name(m.type)},\n" for m, field in rows]
                return f"#[repr(C)]\n{derive}pub struct {name} {{\n{''.join(lines)}}}\n"
            case Enum(cases):
                return f"#[repr(u{bits})]\n{derive}pub enum {name} {{\n{self._cases(cases)}}}\n"
            case Variant(cases):
                layout = f"C, u{bits}" if any(case.type for case in cases) else f"u{bits}"
                return f"#[repr({layout})]\n{derive}pub enum {name} {{\n{self._cases(cases)}}}\n"
            case Flags(flags):
                return f"#[repr(transparent)]\n{derive}pub struct {name}(pub u{bits});\n{_constants(plain, flags)}"
        raise TypeError(kind)

    def _cases(self, cases: Iterable[Member]) -> str:
        names = Scope(keywords.RUST_NEVER).members(pascal(case.name) for case in cases)
        rows = zip(cases, names, strict=True)
        held = [(c.docs, name, f"({self.name(c.type)})" if c.type is not None else "") for c, name in rows]
        return "".join(f"{comment(docs, '    ')}    {name}{payload},\n" for docs, name, payload in held)


def _constants(name: str, flags: tuple[Member, ...]) -> str:
    names = Scope().members(upper(flag.name) for flag in flags)
    values = [f"    pub const {flag}: {name} = {name}(1 << {number});\n" for number, flag in enumerate(names)]
    union = f"impl core::ops::BitOr for {name} {{\n    type Output = {name};\n    fn bitor(self, other: {name}) -> {name} {{\n"
    return (
        f"\nimpl {name} {{\n    pub const fn empty() -> {name} {{\n        {name}(0)\n    }}\n\n{''.join(values)}\n"
        f"    pub const fn contains(self, other: {name}) -> bool {{\n        self.0 & other.0 == other.0\n    }}\n}}\n\n"
        f"{union}        {name}(self.0 | other.0)\n    }}\n}}\n"
    )


def _snakes(members: Iterable[Member]) -> list[str]:
    return [raw(name) for name in Scope().members(snake(member.name) for member in members)]


def comment(docs: str, indent: str = "") -> str:
    """A doc comment."""
    return "".join(f"{indent}/// {line}".rstrip() + "\n" for line in docs.splitlines())
