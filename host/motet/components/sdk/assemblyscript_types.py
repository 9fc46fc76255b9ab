# SPDX-License-Identifier: Apache-2.0
"""Types of a contract in AssemblyScript: classes without memory of their own that look at values as the ABI lays them out."""

from __future__ import annotations

from collections.abc import Iterable

from motet.components.sdk import keywords
from motet.components.sdk.layout import Layout, is_scalar, stored
from motet.components.sdk.names import Scope, camel, described, pascal
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
_THIS = "changetype<usize>(this)"


class AssemblyScriptTypes:
    """``scope`` is that of the whole file."""

    def __init__(self, layout: Layout, scope: Scope) -> None:
        self._layout = layout
        self._scope = scope
        self._names: dict[Type, str] = {}
        self.text = "".join(self._definition(kind) for kind in layout.types)

    def name(self, kind: Type) -> str:
        """A type as it is written in a declaration."""
        return _PRIMITIVE.get(kind.name, kind.name) if isinstance(kind, Primitive) else self._names[kind]

    def _stored(self, kind: Type) -> str:
        return stored(self._layout.of(kind)).replace("s", "i")

    def _definition(self, kind: Type) -> str:
        name = self._names[kind] = self._scope.take(pascal(described(kind)))
        docs = comment(getattr(kind, "docs", ""))
        match kind:
            case Enum(cases):
                return f"\n{docs}export enum {name} {{ {_numbered(cases, lambda number: number)} }}\n"
            case Flags(flags):
                return f"\n{docs}export enum {name} {{ {_numbered(flags, _bit)} }}\n"
        tag = ""
        if isinstance(kind, Variant):
            tags = self._scope.take(name + "Tag")
            tag = f"\nexport enum {tags} {{ {_numbered(kind.cases, lambda number: number)} }}\n"
        body = "".join(f"  {line}\n" for line in self._body(kind, name))
        return f"{tag}\n{docs}@unmanaged export class {name} {{\n{body}}}\n"

    def _body(self, kind: Type, name: str) -> list[str]:
        laid = self._layout.of(kind)
        offsets = [member[2] for member in laid.members]
        match kind:
            case ListOf(element):
                return self._list(element, name)
            case Record(fields):
                return [_alloc(name, laid.size), *self._fields(fields, offsets)]
            case Tuple(items):
                members = [Member(f"f{number}", item) for number, item in enumerate(items)]
                return [_alloc(name, laid.size), *self._fields(members, offsets)]
            case Option(some):
                return self._tagged(name, laid, "some: bool", [Member("none"), Member("val", some)], ["none", "of"])
            case Result(ok, err):
                return self._tagged(name, laid, "isErr: bool", [Member("ok", ok), Member("err", err)], ["ofOk", "ofErr"])
            case Variant(cases):
                makers = Scope().members(f"of{pascal(case.name)}" for case in cases)
                return self._tagged(name, laid, f"tag: u{laid.disc * 8}", list(cases), makers)
        raise TypeError(kind)

    def _tagged(self, name: str, laid: object, tag: str, cases: list[Member], makers: list[str]) -> list[str]:
        field, kind = tag.split(": ")
        size, payload, width = laid.size, laid.payload, laid.disc * 8  # type: ignore[attr-defined]
        lines = [_alloc(name, size), f"@inline get {field}(): {kind} {{ return <{kind}>load<u{width}>({_THIS}); }}"]
        names = Scope(keywords.TYPESCRIPT | {field}).members(camel(case.name) for case in cases)
        for number, (case, shown, maker) in enumerate(zip(cases, names, makers, strict=True)):
            start = f"const made = {name}.alloc(); store<u{width}>(changetype<usize>(made), {number});"
            if case.type is None:
                lines.append(f"static {maker}(): {name} {{ {start} return made; }}")
                continue
            lines += self._accessors(case, shown, payload)
            lines.append(
                f"static {maker}(value: {self.name(case.type)}): {name} {{ {start} made.{shown} = value; return made; }}"
            )
        return lines

    def _fields(self, members: Iterable[Member], offsets: list[int]) -> list[str]:
        members = list(members)
        names = Scope(keywords.TYPESCRIPT).members(camel(member.name) for member in members)
        rows = zip(members, names, offsets, strict=True)
        return [line for member, name, offset in rows for line in self._accessors(member, name, offset)]

    def _accessors(self, member: Member, name: str, offset: int) -> list[str]:
        assert member.type is not None
        kind = self.name(member.type)
        read, write = self.access(member.type, f"{_THIS} + {offset}")
        docs = [line.rstrip("\n") for line in comment(member.docs).splitlines()]
        return [*docs, f"@inline get {name}(): {kind} {{ return {read}; }}", f"@inline set {name}(value: {kind}) {{ {write}; }}"]

    def access(self, kind: Type, at: str) -> tuple[str, str]:
        """How a value at an address is read, and how ``value`` is written there."""
        shown = self.name(kind)
        if is_scalar(kind):
            held = self._stored(kind)
            cast = f"<{shown}>" if shown != held else ""
            return f"{cast}load<{held}>({at})", f"store<{held}>({at}, <{held}>value)"
        size = self._layout.of(kind).size
        return f"changetype<{shown}>({at})", f"copy({at}, changetype<usize>(value), {size})"

    def _list(self, element: Type, name: str) -> list[str]:
        kind, size = self.name(element), self._layout.of(element).size
        read, write = self.access(element, f"this.ptr + index * {size}")
        check = "if (index >= this.length) unreachable();"
        return [
            f"@inline get ptr(): usize {{ return load<usize>({_THIS}); }}",
            f"@inline get length(): u32 {{ return load<u32>({_THIS}, 4); }}",
            f'@operator("[]") at(index: u32): {kind} {{ {check} return {read}; }}',
            f'@operator("[]=") set(index: u32, value: {kind}): void {{ {check} {write}; }}',
            f"/** Items that stand somewhere in memory. */ static view(ptr: usize, length: u32): {name} {{",
            f"  const room = alloc(8); store<usize>(room, ptr); store<u32>(room, length, 4); return changetype<{name}>(room);",
            "}",
            f"static alloc(length: u32): {name} {{ return {name}.view(allocItems(length, {size}), length); }}",
        ]


def _alloc(name: str, size: int) -> str:
    return f"static alloc(): {name} {{ return changetype<{name}>(alloc({size})); }}"


def _bit(number: int) -> int:
    return (1 << number) - (1 << 32 if number == 31 else 0)


def _numbered(members: tuple[Member, ...], value: object) -> str:
    names = Scope(keywords.TYPESCRIPT).members(camel(member.name) for member in members)
    return ", ".join(f"{name} = {value(number)}" for number, name in enumerate(names))  # type: ignore[operator]


def comment(docs: str) -> str:
    """A doc comment."""
    lines = [line.replace("*/", "* /").rstrip() for line in docs.splitlines()]
    return f"/** {' '.join(lines)} */\n" if lines else ""
