# SPDX-License-Identifier: Apache-2.0
"""What the sections of an MVP core module hold: one class and one reader function for each kind of entry.

Readers raise Malformed for anything outside the profile, so nothing newer than WebAssembly 1.0 can hide behind a flag.
"""

from __future__ import annotations

from dataclasses import dataclass

from motet.components.reader import Malformed, Reader

KINDS = ("func", "table", "memory", "global")
LETTERS = {0x7F: "i", 0x7E: "I", 0x7D: "f", 0x7C: "F"}
_I32_CONST, _I64_CONST, _F32_CONST, _F64_CONST, _GLOBAL_GET, _END = 0x41, 0x42, 0x43, 0x44, 0x23, 0x0B


@dataclass(frozen=True)
class Import:
    """One import; ``kind`` as in the text format, ``type`` an index when it is a function."""

    module: str
    name: str
    kind: str
    type: int


@dataclass(frozen=True)
class Export:
    """One export: ``index`` counts over imports and definitions of its kind."""

    name: str
    kind: str
    index: int


@dataclass(frozen=True)
class Limits:
    """Size of a memory in pages of 64 KiB, or of a table in entries."""

    minimum: int
    maximum: int | None


@dataclass(frozen=True)
class Segment:
    """An active data or element segment in bytes ``at:end``. ``offset`` is None when it depends on a global."""

    at: int
    offset: int | None
    count: int
    end: int


@dataclass(frozen=True)
class Body:
    """One function body: where its instructions lie, and how many locals it declares beside its parameters."""

    start: int
    end: int
    locals: int


def function_type(reader: Reader) -> str:
    """A signature such as ``i(iF)``; ``v`` stands for no result."""
    if reader.byte() != 0x60:
        raise Malformed(reader.position - 1, "gc: a type that is not a plain function")
    params = "".join(reader.vector(lambda: value_type(reader)))
    results = "".join(reader.vector(lambda: value_type(reader)))
    if len(results) > 1:
        raise Malformed(reader.position - 1, f"multi-value: a function type with {len(results)} results")
    return f"{results or 'v'}({params})"


def value_type(reader: Reader) -> str:
    """One letter of the engine's notation."""
    code = reader.byte()
    if code not in LETTERS:
        feature = "simd" if code == 0x7B else "reference-types"
        raise Malformed(reader.position - 1, f"{feature}: value type {code:#04x}")
    return LETTERS[code]


def limits(reader: Reader) -> Limits:
    """Flag, minimum and optional maximum."""
    flag = reader.byte()
    if flag > 1:
        feature = "custom-page-sizes" if flag & 8 else "memory64" if flag & 4 else "threads"
        raise Malformed(reader.position - 1, f"{feature}: limits flag {flag:#04x}")
    return Limits(reader.u32(), reader.u32() if flag else None)


def constant(reader: Reader) -> int | None:
    """A constant expression of one instruction; its value if it is an i32, as unsigned."""
    start, code, value = reader.position, reader.byte(), None
    if code == _I32_CONST:
        value = reader.s32() & 0xFFFFFFFF
    elif code == _I64_CONST:
        reader.s64()
    elif code in (_F32_CONST, _F64_CONST):
        reader.take(4 if code == _F32_CONST else 8)
    elif code == _GLOBAL_GET:
        reader.u32()
    else:
        raise Malformed(start, f"extended-const: instruction {code:#04x} in a constant expression")
    if reader.byte() != _END:
        raise Malformed(reader.position - 1, "extended-const: a constant expression of several instructions")
    return value


def import_(reader: Reader) -> Import:
    """Module, name and type of an import."""
    module, name, kind = reader.name(), reader.name(), reader.byte()
    if kind == 0:
        return Import(module, name, "func", reader.u32())
    if kind == 1:
        reader.byte()
        limits(reader)
    elif kind == 2:
        limits(reader)
    elif kind == 3:
        reader.take(2)
    else:
        raise Malformed(reader.position - 1, f"exceptions: import kind {kind}")
    return Import(module, name, KINDS[kind], 0)


def export(reader: Reader) -> Export:
    """Name, kind and index of an export."""
    name, kind = reader.name(), reader.byte()
    if kind >= len(KINDS):
        raise Malformed(reader.position - 1, f"exceptions: export kind {kind}")
    return Export(name, KINDS[kind], reader.u32())


def table(reader: Reader) -> Limits:
    """A table of functions."""
    if reader.byte() != 0x70:
        raise Malformed(reader.position - 1, "reference-types: a table of something else than functions")
    return limits(reader)


def global_(reader: Reader) -> str:
    """The type of a global, its mutability and initial value checked and dropped."""
    kind = value_type(reader)
    reader.byte()
    constant(reader)
    return kind


def element(reader: Reader) -> Segment:
    """An active segment on the one table."""
    at, table = reader.position, reader.u32()
    if table:
        raise Malformed(at, "bulk-memory: an element segment that is not active on table 0")
    offset = constant(reader)
    count = sum(1 for _ in reader.vector(reader.u32))
    return Segment(at, offset, count, reader.position)


def body(reader: Reader) -> Body:
    """Size and locals of a function; its code is read by ``opcodes``."""
    code = reader.section(reader.u32())
    count = sum(n for n, _ in code.vector(lambda: (code.u32(), value_type(code))))
    return Body(code.position, code.end, count)


def segment(reader: Reader) -> Segment:
    """An active segment on the one memory."""
    at, memory = reader.position, reader.u32()
    if memory:
        raise Malformed(at, "bulk-memory: a data segment that is not active on memory 0")
    offset, size = constant(reader), reader.u32()
    reader.take(size)
    return Segment(at, offset, size, reader.position)
