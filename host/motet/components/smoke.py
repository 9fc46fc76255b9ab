# SPDX-License-Identifier: Apache-2.0
"""Calls every tool with small arguments on the device engine and on wasmtime, in a confined child, and wants equal answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import cbor2

from motet import sandbox
from motet.components import contract, descriptor, rewrite
from motet.components.contract import Imports
from motet.components.errors import AdmissionError
from motet.components.manifest import Limits
from motet.components.samples import sample
from motet.components.tools import Tool
from motet.components.wasmfile import Module
from motet.components.wittypes import Function
from motet.sandbox_warm import Nursery

ROUNDS = 8
# As many answers an import has ready; then it begins again.
ANSWERS = 4
BOUNDS = sandbox.Bounds(seconds=10)
# Interpreter and engines take longer to load than to run.
NURSERY = Nursery("motet.components.smoke_child")

Call = tuple[str, list[Any]]


def smoke_run(module: Module, tools: Sequence[Tool], limits: Limits, offered: Imports, imported: Sequence[Function] = ()) -> int:
    """Number of calls made. Raises AdmissionError naming the export and both answers when the engines disagree.

    ``imported`` are the typed imports under their names in the module; they answer with samples of their types. Those that are
    only ``offered`` answer with zeros.
    """
    calls = list(_calls(module, tools))
    reply = ask(_request(module, tools, limits, offered, imported, calls))
    if reply["compiled"] is not None:
        number, reason = reply["compiled"]
        raise AdmissionError("engine", f"the device engine cannot compile it: {reason}", f"function {number}")
    for call, device, reference in zip(calls, reply["device"], reply["reference"], strict=False):
        _compare(call, device, reference, limits)
    if len(reply["device"]) != len(calls):
        raise AdmissionError("smoke", "the child process answered only some of the calls")
    return len(calls)


def _calls(module: Module, tools: Sequence[Tool]) -> Iterator[Call]:
    for number in range(ROUNDS):
        for tool in tools:
            params = enumerate(tool.function.params)
            values = [sample(param.type, number, place, tool.narrow.get(param.name)) for place, param in params]
            yield contract.export_name(module, tool), values


def _functions(module: Module, tools: Sequence[Tool]) -> list[Function]:
    """The tools' functions under the names that the module has for them, each once."""
    named = {contract.export_name(module, tool): tool.function for tool in tools}
    return [Function(name, function.params, function.result) for name, function in named.items()]


def _request(
    module: Module, tools: Sequence[Tool], limits: Limits, offered: Imports, imported: Sequence[Function], calls: list[Call]
) -> dict[str, Any]:
    first = module.imported_functions
    return {
        "wasm": module.data,
        "probe": rewrite.expose(module),
        "functions": list(range(first, first + len(module.bodies))),
        "imports": [[*key, signature] for key, signature in sorted(offered.items())],
        "answers": {function.core_name: _answers(function) for function in imported},
        "types": descriptor.encode([*_functions(module, tools), *imported]),
        "calls": [list(call) for call in calls],
        **limits.model_dump(),
    }


def _answers(function: Function) -> list[Any]:
    kind = function.result
    return [None if kind is None else sample(kind, number, number) for number in range(ANSWERS)]


def ask(request: dict[str, Any]) -> dict[str, Any]:
    """The child's reply. Raises AdmissionError when it crashes, hangs or wants more than it may have."""
    done = NURSERY.run(cbor2.dumps(request), BOUNDS)
    if done.status != 0:
        detail = (done.errors.strip().splitlines() or [""])[-1][:300]
        raise AdmissionError("smoke", f"the child process that runs it {done.how}{': ' + detail if detail else ''}")
    reply: dict[str, Any] = cbor2.loads(done.output)
    return reply


def _compare(call: Call, device: list[Any], reference: list[Any], limits: Limits) -> None:
    export, arguments = call
    where = f"export {export} with {tuple(arguments)}"[:300]
    if device[0] == "trap" and "fuel" in device[1]:
        raise AdmissionError("fuel", f"not done after limits.fuel = {limits.fuel} calls and loop iterations", where)
    if device[0] == "trap" and reference[0] == "broken":
        raise AdmissionError("equal", f"the function breaks the Canonical ABI: {reference[1]}", where)
    if not _same(device, reference):
        hint = f"; it may use memory beyond limits.memory = {limits.memory}" if "memory" in str(device[1]) else ""
        reason = f"the device engine gives {_text(device)}, wasmtime {_text(reference)}{hint}"
        raise AdmissionError("equal", reason, where)


def _same(device: list[Any], reference: list[Any]) -> bool:
    if device[0] != reference[0]:
        return False
    # Two traps are equal whatever their words.
    return device[0] != "value" or _equal(device[1], reference[1])


def _equal(one: Any, other: Any) -> bool:
    """Equality in which NaN is NaN."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return bool(one == other or (one != one and other != other))


def _text(outcome: list[Any]) -> str:
    return str(outcome[1])[:200] if outcome[0] == "value" else f"a trap ({outcome[1]})"
