# SPDX-License-Identifier: Apache-2.0
"""The device artifact of a component: one CBOR map with the module, its ready ``tools/list`` entries, types and limits.

{0: 2 or 3 (format), 1: name, 2: revision, 3: module, 4: packed array of tools/list entries without the device's prefix,
 5: [[tool name, export name, form], ...], 6: {0: fuel per call, 1: memory, 2: stack}, 7: type descriptor of tools and imports,
 9 (format 3 alone): what it offers besides tools, see docs/components.md}

``form`` says what becomes of a result: 0 there is none, 1 it is an object, 2 it goes under "result"; plus 4 when the function
returns a ``result``, whose error becomes the tool's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from motet.components import descriptor
from motet.components.errors import AdmissionError
from motet.components.manifest import Manifest
from motet.components.tools import Tool
from motet.components.wittypes import Function, Record, Result
from motet_core import cbor
from motet_core.errors import WireError
from motet_core.wire import packed

FORMAT, FORMAT_SERVICES = 2, 3
NOTHING, OBJECT, WRAPPED, FALLIBLE = 0, 1, 2, 4
_FORMAT, _NAME, _REVISION, _MODULE, _TOOLS, _CALLS, _LIMITS, _TYPES = range(8)
_SERVICES = 9
_FUEL, _MEMORY, _STACK = range(3)
# Clients assume the worst of a tool that says nothing. A component reaches nothing but its own memory and what it wants.
_HARMLESS = {"destructiveHint": False, "openWorldHint": False}
# What acts on the world around the device, or leads out of it.
_ACTING = {"gpio", "bus", "messaging"}


def tool_entries(tools: Sequence[Tool], capabilities: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The MCP ``tools/list`` entries of a component that wants these capabilities."""
    hints = {} if _ACTING.intersection(capabilities) else {"annotations": _HARMLESS}
    return [_entry(tool, hints) for tool in tools]


def encode(
    manifest: Manifest,
    tools: Sequence[Tool],
    exports: Sequence[str],
    module: bytes,
    others: Sequence[Function] = (),
    services: dict[int, Any] | None = None,
) -> bytes:
    """The artifact's bytes; ``exports`` are the tools' names in the module, ``others`` its imports and what it offers to the
    device, under the module's names; ``services`` is field 9. Equal input, equal bytes."""
    limits = manifest.limits
    named = [_named(tool, export) for tool, export in zip(tools, exports, strict=True)]
    body = {
        _FORMAT: FORMAT_SERVICES if services else FORMAT,
        _NAME: manifest.component.name,
        _REVISION: manifest.component.revision,
        _MODULE: module,
        _TOOLS: _packed_entries(tools, manifest.capabilities.wanted),
        _CALLS: [[tool.name, export, form(tool)] for tool, export in zip(tools, exports, strict=True)],
        _LIMITS: {_FUEL: limits.fuel, _MEMORY: limits.memory, _STACK: limits.stack},
        _TYPES: descriptor.encode([*(tool.function for tool in named), *others]),
    }
    if services:
        body[_SERVICES] = services
    return bytes(cbor.dumps(body))


def decode(data: bytes) -> dict[str, Any]:
    """An artifact's parts under readable names, with the tool entries unpacked. Raises motet_core's WireError."""
    body = cbor.loads(data)
    limits = body[_LIMITS]
    return {
        "format": body[_FORMAT],
        "name": body[_NAME],
        "revision": body[_REVISION],
        "module": body[_MODULE],
        "tools": packed.unpack(body[_TOOLS]),
        "calls": body[_CALLS],
        "limits": {"fuel": limits[_FUEL], "memory": limits[_MEMORY], "stack": limits[_STACK]},
        "types": body[_TYPES],
        "services": body.get(_SERVICES),
    }


def form(tool: Tool) -> int:
    """What a device makes of the function's result."""
    fallible = FALLIBLE if isinstance(tool.function.result, Result) else 0
    return fallible | (NOTHING if tool.value is None else OBJECT if isinstance(tool.value, Record) else WRAPPED)


def _packed_entries(tools: Sequence[Tool], capabilities: Iterable[str]) -> bytes:
    try:
        return bytes(packed.pack(tool_entries(tools, capabilities)))
    except WireError as error:
        raise AdmissionError("wit", f"the schemas of its tools cannot go on the wire: {error.message}") from None


def _named(tool: Tool, export: str) -> Tool:
    """The tool with its function under the module's own name for it."""
    return replace(tool, function=renamed(tool.function, export))


def renamed(function: Function, export: str) -> Function:
    """A function under the module's own name for it."""
    return replace(function, name=export, interface="")


def _entry(tool: Tool, hints: dict[str, Any]) -> dict[str, Any]:
    entry = {"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema(), **hints}
    output = tool.output_schema()
    return entry if output is None else entry | {"outputSchema": output}
