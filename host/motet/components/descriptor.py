# SPDX-License-Identifier: Apache-2.0
"""Type descriptors: the compact form in which functions and their types travel to devices. docs/components.md has the form."""

from __future__ import annotations

from collections.abc import Iterable

from motet.components.rewrite import leb
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
)
from motet_core.errors import Refused

VERSION = 1
_MAX_NAME = 255
# The table's types are numbered from here on; below are none, and the primitives from 1.
FIRST = 16
_LIST, _RECORD, _TUPLE, _VARIANT, _ENUM, _OPTION, _RESULT, _FLAGS = range(16, 24)


def encode(functions: Iterable[Function]) -> bytes:
    """The descriptor of ``functions`` under their core names. Equal types are written once. Refused when a name is too long."""
    writer = _Writer()
    rows = [_name(f.core_name) + writer.members(f.params) + leb(writer.reference(f.result)) for f in functions]
    head = leb(len(writer.table)) + leb(writer.member_count) + leb(len(rows))
    return bytes([VERSION]) + head + b"".join(writer.rows) + b"".join(rows)


class _Writer:
    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.table: dict[bytes, int] = {}
        self.member_count = 0
        # Types share their parts; a kept type keeps its id.
        self._seen: dict[int, tuple[int, Type]] = {}

    def reference(self, kind: Type | None) -> int:
        if kind is None:
            return 0
        if isinstance(kind, Primitive):
            return 1 + PRIMITIVES.index(kind.name)
        if id(kind) not in self._seen:
            self._seen[id(kind)] = (self._number(kind), kind)
        return self._seen[id(kind)][0]

    def _number(self, kind: Type) -> int:
        before = self.member_count
        row = self._row(kind)
        if row in self.table:
            self.member_count = before
            return self.table[row]
        self.rows.append(row)
        return self.table.setdefault(row, FIRST + len(self.table))

    def members(self, members: Iterable[Member]) -> bytes:
        """A count, then name and type of each."""
        rows = [_name(m.name) + leb(self.reference(m.type)) for m in members]
        self.member_count += len(rows)
        return leb(len(rows)) + b"".join(rows)

    def _row(self, kind: Type) -> bytes:
        # A part's own row comes first, so that each refers to earlier ones only.
        match kind:
            case ListOf(element):
                return bytes([_LIST]) + leb(self.reference(element))
            case Option(some):
                row = bytes([_OPTION]) + leb(self.reference(some))
                self.member_count += 2
                return row
            case Result(ok, err):
                row = bytes([_RESULT]) + leb(self.reference(ok)) + leb(self.reference(err))
                self.member_count += 2
                return row
            case Tuple(items):
                parts = [leb(self.reference(item)) for item in items]
                self.member_count += len(parts)
                return bytes([_TUPLE]) + leb(len(parts)) + b"".join(parts)
            case Record(fields):
                return bytes([_RECORD]) + self.members(fields)
            case Variant(cases):
                return bytes([_VARIANT]) + self.members(cases)
            case Enum(cases):
                return bytes([_ENUM]) + self._names(cases)
            case Flags(names):
                return bytes([_FLAGS]) + self._names(names)
        raise TypeError(f"{kind!r} is no WIT type")

    def _names(self, members: tuple[Member, ...]) -> bytes:
        self.member_count += len(members)
        return leb(len(members)) + b"".join(_name(m.name) for m in members)


def _name(text: str) -> bytes:
    data = text.encode()
    if len(data) > _MAX_NAME:
        raise Refused(f"the name {text:.40}... has {len(data)} characters, at most {_MAX_NAME} fit")
    return bytes([len(data)]) + data
