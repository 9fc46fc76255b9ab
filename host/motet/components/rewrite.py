# SPDX-License-Identifier: Apache-2.0
"""The small edits admission makes to a module itself; everything that understands code is left to binaryen."""

from __future__ import annotations

from collections.abc import Iterable

from motet.components.wasmfile import CUSTOM, ELEMENT, EXPORT, MAGIC, MEMORY, Module
from motet.components.wasmitems import KINDS, Export, Limits


def leb(value: int) -> bytes:
    """Unsigned LEB128 in its shortest form."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def section(number: int, entries: Iterable[bytes]) -> bytes:
    """A section holding a vector; nothing at all when the vector is empty."""
    items = list(entries)
    content = leb(len(items)) + b"".join(items)
    return bytes([number]) + leb(len(content)) + content if items else b""


def custom(name: str, data: bytes) -> bytes:
    """A custom section."""
    body = leb(len(name.encode())) + name.encode() + data
    return bytes([CUSTOM]) + leb(len(body)) + body


def export_entry(item: Export) -> bytes:
    """Binary form of one export."""
    name = item.name.encode()
    return leb(len(name)) + name + bytes([KINDS.index(item.kind)]) + leb(item.index)


def replace(module: Module, changes: dict[int, bytes]) -> bytes:
    """The module without custom sections and with some sections exchanged, each for its new bytes."""
    parts = [MAGIC]
    for part in module.sections:
        if part.id == CUSTOM:
            continue
        body = module.data[part.start : part.end]
        parts.append(changes[part.id] if part.id in changes else bytes([part.id]) + leb(len(body)) + body)
    return b"".join(parts)


def renamed(module: Module, names: dict[str, str]) -> bytes:
    """The module with exports called otherwise, and without custom sections."""
    exports = (Export(names.get(item.name, item.name), item.kind, item.index) for item in module.exports)
    return replace(module, {EXPORT: section(EXPORT, (export_entry(item) for item in exports))})


def trim(module: Module, keep: set[str], pages: int) -> bytes:
    """Exports outside ``keep``, empty element segments and custom sections dropped, memory growth clamped to ``pages``.

    An empty first element segment makes the device engine refuse a valid module.
    """
    return replace(
        module,
        {
            EXPORT: section(EXPORT, (export_entry(item) for item in module.exports if item.name in keep)),
            ELEMENT: section(ELEMENT, (module.data[item.at : item.end] for item in module.elements if item.count)),
            MEMORY: section(MEMORY, (_clamped(item, pages) for item in module.memories)),
        },
    )


def expose(module: Module) -> bytes:
    """The same module with every function exported as its number, so that an engine can be made to compile each one."""
    numbers = range(module.imported_functions, module.imported_functions + len(module.bodies))
    return replace(module, {EXPORT: section(EXPORT, (export_entry(Export(str(n), "func", n)) for n in numbers))})


def _clamped(limits: Limits, pages: int) -> bytes:
    most = pages if limits.maximum is None else min(pages, limits.maximum)
    return b"\x01" + leb(limits.minimum) + leb(most)
