# SPDX-License-Identifier: Apache-2.0
"""The sections of an MVP core module (WebAssembly core specification 1.0, "Binary Format"), for rules that count and compare.

Types are validated elsewhere: this reader only promises that what it returns lies inside the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from motet.components import wasmitems
from motet.components.reader import Malformed, Reader
from motet.components.wasmitems import Body, Export, Import, Limits, Segment

MAGIC = b"\0asm\x01\0\0\0"
CUSTOM, TYPE, IMPORT, FUNCTION, TABLE, MEMORY, GLOBAL, EXPORT, START, ELEMENT, CODE, DATA, DATA_COUNT, TAG = range(14)


@dataclass(frozen=True)
class Section:
    """One section: its identifier and where its content lies."""

    id: int
    start: int
    end: int


@dataclass
class Module:
    """Everything the rules look at, in file order."""

    data: bytes
    sections: list[Section] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    tables: list[Limits] = field(default_factory=list)
    memories: list[Limits] = field(default_factory=list)
    globals: list[str] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    start: int | None = None
    elements: list[Segment] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)

    @property
    def imported_functions(self) -> int:
        """How many functions come before the first body."""
        return sum(item.kind == "func" for item in self.imports)

    def signature(self, index: int) -> str:
        """Signature of a function by its index over imports and bodies, for example ``i(ii)``."""
        imported = [item.type for item in self.imports if item.kind == "func"]
        return self.types[(imported + self.functions)[index]]


def sections(data: bytes, magic: bytes = MAGIC) -> list[Section]:
    """The sections of a module, or of what begins with another ``magic``. Raises Malformed."""
    reader, found = Reader(data), []
    if reader.take(min(len(magic), len(data))) != magic:
        raise Malformed(0, "does not begin like a WebAssembly 1.0 module")
    while not reader.done:
        number, content = reader.byte(), reader.section(reader.u32())
        found.append(Section(number, content.position, content.end))
    return found


def decode(data: bytes) -> Module:
    """The module's entries. Raises Malformed with the byte where it stops making sense."""
    module = Module(data, sections(data))
    for section in module.sections:
        if section.id == CUSTOM:
            continue
        if section.id not in _ENTRIES and section.id != START:
            feature = {DATA_COUNT: "bulk-memory", TAG: "exceptions"}.get(section.id, "unknown")
            raise Malformed(section.start, f"{feature}: section {section.id}")
        reader = Reader(data, section.start, section.end)
        if section.id == START:
            module.start = reader.u32()
        else:
            _fill(module, section.id, reader)
        if not reader.done:
            raise Malformed(reader.position, f"section {section.id} has bytes left over")
    return module


def _fill(module: Module, number: int, reader: Reader) -> None:
    attribute, read = _ENTRIES[number]
    getattr(module, attribute).extend(reader.vector(lambda: read(reader)))


_ENTRIES: dict[int, tuple[str, Callable[[Reader], object]]] = {
    TYPE: ("types", wasmitems.function_type),
    IMPORT: ("imports", wasmitems.import_),
    FUNCTION: ("functions", Reader.u32),
    TABLE: ("tables", wasmitems.table),
    MEMORY: ("memories", wasmitems.limits),
    GLOBAL: ("globals", wasmitems.global_),
    EXPORT: ("exports", wasmitems.export),
    ELEMENT: ("elements", wasmitems.element),
    CODE: ("bodies", wasmitems.body),
    DATA: ("segments", wasmitems.segment),
}
