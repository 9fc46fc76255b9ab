# SPDX-License-Identifier: Apache-2.0
"""The inside of the smoke run: calls a module's exports on the device engine and on wasmtime, and reports what happened.

Runs as a process of its own under limits the parent sets. Input and output are one CBOR map each:

in   wasm, probe: modules; functions: numbers the probe exports; memory, stack, fuel; imports: [[module, name, signature]];
     calls: [[export, signature, arguments, record size or 0]]
out  compiled: None or [function number, reason]; device, reference: one outcome for each call, in order:
     ["value", x] | ["record", address, bytes] | ["trap", reason]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import cbor2
import wasmtime
from motet_native import wasm as native

Request = dict[str, Any]
Outcome = list[Any]

# wasmtime counts instructions, the device engine calls and loop iterations; this is enough for whatever the latter let through.
REFERENCE_FUEL = 200_000_000
_TYPES = {"i": wasmtime.ValType.i32, "I": wasmtime.ValType.i64, "f": wasmtime.ValType.f32, "F": wasmtime.ValType.f64}


def _stub(signature: str) -> Callable[..., int | float | None]:
    result = {"v": None, "f": 0.0, "F": 0.0}.get(signature[0], 0)
    return lambda *_: result


def _device(request: Request, module: bytes) -> native.Instance:
    instance = native.Instance(module, memory=request["memory"], stack=request["stack"])
    for name, item, signature in request["imports"]:
        if any(found[:2] == (name, item) for found in instance.imports()):
            instance.link(name, item, _stub(signature))
    instance.fuel = request["fuel"]
    return instance


def _outcome(value: Any, size: int, read: Callable[[int, int], bytes]) -> Outcome:
    if not size:
        return ["value", value]
    address = value & 0xFFFFFFFF
    return ["record", address, read(address, size)]


def compile_all(request: Request) -> list[Any] | None:
    """Makes the device engine compile every function, as it does only on the first call otherwise."""
    instance = _device(request, request["probe"])
    for number in request["functions"]:
        try:
            instance.find(str(number))
        except native.Error as error:
            return [number, str(error)]
    return None


def on_device(request: Request) -> list[Outcome]:
    """Outcomes of the calls on the device engine; as on a device, a trap is followed by a fresh instance."""
    instance = _device(request, request["wasm"])
    outcomes: list[Outcome] = []
    for export, _, arguments, size in request["calls"]:
        instance.fuel = request["fuel"]
        try:
            value = instance.find(export)(*arguments)
            outcomes.append(_outcome(value, size, instance.read))
        except (native.Error, IndexError) as error:
            outcomes.append(["trap", str(error)])
            if "fuel" in str(error):
                break
            instance.close()
            instance = _device(request, request["wasm"])
    return outcomes


def _store() -> wasmtime.Store:
    config = wasmtime.Config()
    config.consume_fuel = True
    config.parallel_compilation = False
    config.cranelift_opt_level = "none"
    # The default reserves gigabytes of address space for one memory, which the limits forbid.
    config.memory_reservation = 1 << 20
    config.memory_guard_size = 1 << 16
    # Copy-on-write images are files, which the limits forbid too.
    config.memory_init_cow = False
    return wasmtime.Store(wasmtime.Engine(config))


def _function_type(signature: str) -> wasmtime.FuncType:
    result, params = signature[0], signature[2:-1]
    return wasmtime.FuncType([_TYPES[p]() for p in params], [] if result == "v" else [_TYPES[result]()])


def _reference(request: Request, store: wasmtime.Store, module: wasmtime.Module) -> Any:
    linker = wasmtime.Linker(store.engine)
    for name, item, signature in request["imports"]:
        linker.define_func(name, item, _function_type(signature), _stub(signature))
    store.set_fuel(REFERENCE_FUEL)
    return linker.instantiate(store, module).exports(store)


def on_reference(request: Request, count: int) -> list[Outcome]:
    """Outcomes of the first ``count`` calls on wasmtime, with a fresh instance after a trap too."""
    store = _store()
    module = wasmtime.Module(store.engine, request["wasm"])
    exports, outcomes = _reference(request, store, module), []
    for export, _, arguments, size in request["calls"][:count]:
        try:
            value = exports[export](store, *arguments)
            outcomes.append(_outcome(value, size, partial(_read, exports, store)))
        except (wasmtime.Trap, wasmtime.WasmtimeError, IndexError) as error:
            outcomes.append(["trap", str(error).strip().splitlines()[-1]])
            exports = _reference(request, store, module)
    return outcomes


def _read(exports: Any, store: wasmtime.Store, address: int, size: int) -> bytes:
    memory = exports["memory"]
    if address + size > memory.data_len(store):
        raise IndexError("record outside memory")
    return bytes(memory.read(store, address, address + size))


def main() -> None:
    """One request, one reply."""
    request = cbor2.loads(sys.stdin.buffer.read())
    reply: dict[str, Any] = {"compiled": compile_all(request), "device": [], "reference": []}
    if reply["compiled"] is None:
        reply["device"] = on_device(request)
        reply["reference"] = on_reference(request, len(reply["device"]))
    sys.stdout.buffer.write(cbor2.dumps(reply))


if __name__ == "__main__":
    main()
