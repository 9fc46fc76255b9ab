# SPDX-License-Identifier: Apache-2.0
"""The inside of the smoke run: calls a module's exports on the device engine and on wasmtime, and reports what happened.

Runs as a process of its own under limits the parent sets. Input and output are one CBOR map each:

in   wasm, probe: modules; functions: numbers the probe exports; memory, stack, fuel; imports: [[module, name, signature]];
     answers: {"module#name": [value, ...]} of typed imports; types: descriptor; calls: [[export, [value, ...]], ...]
out  compiled: None or [function number, reason]; device, reference: one outcome for each call, in order:
     ["value", x] | ["trap", reason] | ["refused", reason]: the arguments are more than its memory holds
     | ["broken", reason]: the guest breaks the Canonical ABI, which the device tells as a trap

With ``component`` instead, a component's binary, the output is what ``component_types`` tells of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import cycle
from typing import Any

import cbor2
from motet_native import wasm as native

from motet.components import component_types, jit
from motet.components.jit import code

Request = dict[str, Any]
Outcome = list[Any]


def _stub(signature: str) -> Callable[..., int | float | None]:
    result = {"v": None, "f": 0.0, "F": 0.0}.get(signature[0], 0)
    return lambda *_: result


def _answering(values: list[Any]) -> Callable[..., Any]:
    told = cycle(values)
    return lambda *_: next(told)


def _instance(engine: Any, request: Request, module: bytes) -> Any:
    """A fresh instance on one of the engines. Its imports answer anew, so both engines hear the same."""
    instance, types = engine.Instance(module, memory=request["memory"], stack=request["stack"]), engine.Types(request["types"])
    signatures = {(name, item): signature for name, item, signature in request["imports"]}
    for name, item, _ in instance.imports():
        if (typed := f"{name}#{item}") in request["answers"]:
            instance.link_typed(name, item, types, _answering(request["answers"][typed]))
        else:
            instance.link(name, item, _stub(signatures[name, item]))
    instance.fuel = request["fuel"]
    return instance


def compile_all(request: Request) -> list[Any] | None:
    """Makes the device engine compile every function, as it does only on the first call otherwise."""
    instance = _instance(native, request, request["probe"])
    for number in request["functions"]:
        try:
            instance.find(str(number))
        except native.Error as error:
            return [number, str(error)]
    return None


def outcomes(engine: Any, request: Request, count: int) -> list[Outcome]:
    """Outcomes of the first ``count`` calls; as on a device, a trap is followed by a fresh instance, and no fuel by nothing."""
    instance, types = _instance(engine, request, request["wasm"]), engine.Types(request["types"])
    found: list[Outcome] = []
    for export, values in request["calls"][:count]:
        instance.fuel = request["fuel"]
        try:
            found.append(["value", instance.typed(export, types)(*values)])
        except TypeError as error:
            found.append(["refused", str(error)])
        except engine.Error as error:
            found.append(["broken" if isinstance(error, jit.Broken) else "trap", str(error)])
            if "fuel" in str(error):
                break
            instance.close()
            instance = _instance(engine, request, request["wasm"])
    return found


def main() -> None:
    """One request, one reply."""
    request = cbor2.loads(sys.stdin.buffer.read())
    if "component" in request:
        sys.stdout.buffer.write(cbor2.dumps(component_types.describe(code.engine(), request["component"])))
        return
    reply: dict[str, Any] = {"compiled": compile_all(request), "device": [], "reference": []}
    if reply["compiled"] is None:
        reply["device"] = outcomes(native, request, len(request["calls"]))
        reply["reference"] = outcomes(jit, request, len(reply["device"]))
    sys.stdout.buffer.write(cbor2.dumps(reply))


if __name__ == "__main__":
    main()
