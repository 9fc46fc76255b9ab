# SPDX-License-Identifier: Apache-2.0
"""Calls every tool with small arguments on the device engine and on wasmtime, in a confined child, and wants equal answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import cbor2

from motet import sandbox
from motet.components import rewrite
from motet.components.contract import Imports
from motet.components.errors import AdmissionError
from motet.components.manifest import Manifest, Tool, Value
from motet.components.valuetypes import LAYOUTS, lift_record, offsets
from motet.components.wasmfile import Module

ROUNDS = 4
BOUNDS = sandbox.Bounds(seconds=10)
_CHILD = "motet.components.smoke_child"

Call = tuple[Tool, list[int | float]]


def smoke_run(module: Module, manifest: Manifest, offered: Imports) -> int:
    """Number of calls made. Raises AdmissionError naming the export and both answers when the engines disagree."""
    calls = list(_calls(manifest))
    reply = _ask(_request(module, manifest, offered, calls))
    if reply["compiled"] is not None:
        number, reason = reply["compiled"]
        raise AdmissionError("engine", f"the device engine cannot compile it: {reason}", f"function {number}")
    for call, device, reference in zip(calls, reply["device"], reply["reference"], strict=False):
        _compare(call, device, reference, manifest)
    if len(reply["device"]) != len(calls):
        raise AdmissionError("smoke", "the child process answered only some of the calls")
    return len(calls)


def _calls(manifest: Manifest) -> Iterator[Call]:
    for number in range(ROUNDS):
        for tool in manifest.tool:
            yield tool, [_argument(param, number, place) for place, param in enumerate(tool.params)]


def _argument(param: Value, number: int, place: int) -> int | float:
    """A small value inside the declared range: 0, 1, one that differs between parameters, the largest if there is one."""
    wanted = [0, 1, place + 2, 7 if param.maximum is None else param.maximum][number]
    layout = LAYOUTS[param.type]
    low = layout.low if param.minimum is None else param.minimum
    high = (1 if param.type == "bool" else layout.high) if param.maximum is None else param.maximum
    value = min(max(wanted, -math.inf if low is None else low), math.inf if high is None else high)
    return float(value) if layout.core in "fF" else _signed(int(value), 64 if layout.core == "I" else 32)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 > 0 else value


def _record_size(tool: Tool) -> int:
    return offsets(tool.result.types)[1] if tool.result is not None and tool.through_memory else 0


def _request(module: Module, manifest: Manifest, offered: Imports, calls: list[Call]) -> dict[str, Any]:
    first = module.imported_functions
    return {
        "wasm": module.data,
        "probe": rewrite.expose(module),
        "functions": list(range(first, first + len(module.bodies))),
        "imports": [[*key, signature] for key, signature in sorted(offered.items())],
        "calls": [[tool.export_name, tool.signature, arguments, _record_size(tool)] for tool, arguments in calls],
        **manifest.limits.model_dump(),
    }


def _ask(request: dict[str, Any]) -> dict[str, Any]:
    done = sandbox.run_python(_CHILD, cbor2.dumps(request), BOUNDS)
    if done.status != 0:
        detail = (done.errors.strip().splitlines() or [""])[-1][:300]
        raise AdmissionError("smoke", f"the child process that runs it {done.how}{': ' + detail if detail else ''}")
    reply: dict[str, Any] = cbor2.loads(done.output)
    return reply


def _compare(call: Call, device: list[Any], reference: list[Any], manifest: Manifest) -> None:
    tool, arguments = call
    where = f"export {tool.export_name} with {tuple(arguments)}"
    if device[0] == "trap" and "fuel" in device[1]:
        units = manifest.limits.fuel
        raise AdmissionError("fuel", f"not done after limits.fuel = {units} calls and loop iterations", where)
    if not _same(tool, device, reference):
        hint = f"; it may use memory beyond limits.memory = {manifest.limits.memory}" if "memory" in str(device[1]) else ""
        reason = f"the device engine gives {_text(tool, device)}, wasmtime {_text(tool, reference)}{hint}"
        raise AdmissionError("equal", reason, where)
    if device[0] == "record" and tool.result is not None:
        align = max(LAYOUTS[name].size for name in tool.result.types)
        if device[1] % align:
            raise AdmissionError("equal", f"returns a record at address {device[1]}, not a multiple of {align}", where)


def _lifted(tool: Tool, outcome: list[Any]) -> list[Any]:
    return list(lift_record(tool.result.types, outcome[2])) if outcome[0] == "record" and tool.result else outcome[1:]


def _same(tool: Tool, device: list[Any], reference: list[Any]) -> bool:
    if device[0] != reference[0]:
        return False
    # Two traps are equal whatever their words; the sign and payload of a NaN are not defined.
    pairs = zip(_lifted(tool, device), _lifted(tool, reference), strict=True)
    return device[0] == "trap" or all(a == b or (a != a and b != b) for a, b in pairs)


def _text(tool: Tool, outcome: list[Any]) -> str:
    return f"a trap ({outcome[1]})" if outcome[0] == "trap" else str(_lifted(tool, outcome))
