# SPDX-License-Identifier: Apache-2.0
"""Sizes a module may have. Each bound exists because something on a small device is proportional to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from motet.components import manifest, opcodes
from motet.components.errors import AdmissionError
from motet.components.wasmfile import Module

PAGE = 65536


@dataclass(frozen=True)
class Caps:
    """Upper bounds; the defaults suit a part with 128 KB of SRAM."""

    file_bytes: int = 64 * 1024
    types: int = 128
    functions: int = 512
    imports: int = 64
    exports: int = 64
    globals: int = 64
    table: int = 256
    segments: int = 64
    # The engine's operand stack holds 128 slots for parameters, locals and temporaries together.
    locals: int = 100
    body_bytes: int = 8 * 1024
    # Block nesting is C recursion in the engine's compiler.
    nesting: int = 64
    br_table: int = 128


def check_size(module: bytes, caps: Caps) -> None:
    """Refuses a file before anything looks inside."""
    if len(module) > caps.file_bytes:
        raise AdmissionError("size", f"{len(module)} bytes, at most {caps.file_bytes} are accepted")


def check_caps(module: Module, caps: Caps, memory: int) -> None:
    """Refuses what is too large for a device with ``memory`` bytes of linear memory for this component."""
    for rule, count, most in _counts(module, caps):
        if count > most:
            raise AdmissionError(rule, f"{count}, at most {most} are accepted")
    if module.start is not None:
        raise AdmissionError("start", "a start function would run before any limit is set", f"function {module.start}")
    _check_memory(module, memory)
    _check_table(module)
    for number, body in enumerate(module.bodies, module.imported_functions):
        _check_body(module, number, body.start, body.end, body.locals, caps)


def check_budget(artifact: int, limits: manifest.Limits, ram: int | None) -> None:
    """Refuses what cannot fit a part with ``ram`` bytes even if it had nothing else to hold."""
    needed = artifact + limits.memory + limits.stack
    if ram is not None and needed > ram:
        parts = f"{artifact} for itself, {limits.memory} for limits.memory, {limits.stack} for limits.stack"
        raise AdmissionError("budget", f"needs {needed} bytes of RAM ({parts}), the board has {ram}")


def _counts(module: Module, caps: Caps) -> Iterator[tuple[str, int, int]]:
    yield "types", len(module.types), caps.types
    yield "functions", len(module.bodies), caps.functions
    yield "imports", len(module.imports), caps.imports
    yield "exports", len(module.exports), caps.exports
    yield "globals", len(module.globals), caps.globals
    yield "segments", len(module.segments) + len(module.elements), caps.segments
    for table in module.tables:
        yield "table", table.minimum, caps.table


def _check_memory(module: Module, memory: int) -> None:
    pages = -(-memory // PAGE)
    for limits in module.memories:
        if limits.minimum > pages:
            raise AdmissionError(
                "memory", f"starts with {limits.minimum} pages of 64 KiB, limits.memory = {memory} gives {pages}"
            )
    for segment in module.segments:
        if segment.offset is None:
            raise AdmissionError("data", "the place of a data segment must be a constant", f"byte {segment.at:#x}")
        if segment.offset + segment.count > memory:
            end = segment.offset + segment.count
            raise AdmissionError("data", f"data up to address {end}, but limits.memory = {memory}", f"byte {segment.at:#x}")


def _check_table(module: Module) -> None:
    entries = sum(table.minimum for table in module.tables)
    for segment in module.elements:
        if segment.offset is None or segment.offset + segment.count > entries:
            raise AdmissionError("elements", "an element segment does not lie inside the table", f"byte {segment.at:#x}")


def _check_body(module: Module, number: int, start: int, end: int, declared: int, caps: Caps) -> None:
    where = f"function {number} at byte {start:#x}"
    params = module.signature(number).index(")") - module.signature(number).index("(") - 1
    if params + declared > caps.locals:
        raise AdmissionError("locals", f"{params + declared} parameters and locals, at most {caps.locals} are accepted", where)
    if end - start > caps.body_bytes:
        raise AdmissionError("code", f"{end - start} bytes of code, at most {caps.body_bytes} are accepted", where)
    for item in opcodes.instructions(module.data, start, end):
        where = f"function {number} at byte {item.at:#x}"
        if item.depth > caps.nesting:
            raise AdmissionError("nesting", f"more than {caps.nesting} blocks inside each other", where)
        if item.code == opcodes.BR_TABLE and len(item.argument) > caps.br_table:
            raise AdmissionError("br_table", f"{len(item.argument)} targets, at most {caps.br_table} are accepted", where)
