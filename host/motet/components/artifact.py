# SPDX-License-Identifier: Apache-2.0
"""The device artifact of a component: one CBOR map with the module, its ready ``tools/list`` entries and its limits.

{0: 1 (format), 1: name, 2: revision, 3: module, 4: packed array of tools/list entries without the device's prefix,
 5: [[tool name, export name, [[parameter, type], ...], result type or null], ...], 6: {0: fuel per call, 1: memory, 2: stack}}

A type is a WIT primitive; a result may also be ["record", [[field, type], ...]].
"""

from __future__ import annotations

from typing import Any

from motet.components.manifest import Manifest, Result, Tool, Value
from motet.components.valuetypes import LAYOUTS, schema
from motet_core import cbor
from motet_core.wire import packed

FORMAT = 1
_FORMAT, _NAME, _REVISION, _MODULE, _TOOLS, _CALLS, _LIMITS = range(7)
_FUEL, _MEMORY, _STACK = range(3)
# Clients assume the worst of a tool that says nothing. A component without capabilities reaches nothing but its own memory.
_HARMLESS = {"destructiveHint": False, "openWorldHint": False}


def tool_entries(manifest: Manifest) -> list[dict[str, Any]]:
    """The MCP ``tools/list`` entries of a component."""
    return [_entry(manifest.tool_name(tool), tool) for tool in manifest.tool]


def encode(manifest: Manifest, module: bytes) -> bytes:
    """The artifact's bytes; equal input gives equal bytes."""
    limits = manifest.limits
    body = {
        _FORMAT: FORMAT,
        _NAME: manifest.component.name,
        _REVISION: manifest.component.revision,
        _MODULE: module,
        _TOOLS: packed.pack(tool_entries(manifest)),
        _CALLS: [_call(manifest.tool_name(tool), tool) for tool in manifest.tool],
        _LIMITS: {_FUEL: limits.fuel, _MEMORY: limits.memory, _STACK: limits.stack},
    }
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
    }


def _call(name: str, tool: Tool) -> list[Any]:
    return [name, tool.export_name, [[param.name, param.type] for param in tool.params], _result(tool.result)]


def _result(result: Result | None) -> Any:
    if result is None:
        return None
    if result.type == "record":
        return ["record", [[field.name, field.type] for field in result.fields]]
    return result.type


def _entry(name: str, tool: Tool) -> dict[str, Any]:
    entry = {"name": name, "description": tool.description, "inputSchema": _input(tool.params), "annotations": _HARMLESS}
    if tool.result is not None:
        entry["outputSchema"] = _output(tool.result)
    return entry


def _input(params: list[Value]) -> dict[str, Any]:
    # Every integer carries its range: the device checks arguments against the schema before it lowers them.
    body = _object([param.model_copy(update=_bounds(param)) for param in params])
    # A parameter that is not there would be dropped silently; agents that guess names should hear about it.
    return body | {"additionalProperties": False}


def _bounds(param: Value) -> dict[str, int | float | None]:
    layout = LAYOUTS[param.type]
    return {
        "minimum": layout.low if param.minimum is None else param.minimum,
        "maximum": layout.high if param.maximum is None else param.maximum,
    }


def _output(result: Result) -> dict[str, Any]:
    if result.type == "record":
        return _object(result.fields)
    body = schema(result.type, result.description, None, None)
    return {"type": "object", "properties": {"result": body}, "required": ["result"]}


def _object(values: list[Value]) -> dict[str, Any]:
    properties = {v.name: schema(v.type, v.description, v.minimum, v.maximum) for v in values}
    return {"type": "object"} | ({"properties": properties, "required": list(properties)} if values else {})
