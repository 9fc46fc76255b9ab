# SPDX-License-Identifier: Apache-2.0
"""The inside of the smoke run: calls a module's exports on the device engine and on wasmtime, and reports what happened.

Runs as a process of its own under limits the parent sets. Input and output are one CBOR map each:

in   wasm, probe: modules; functions: numbers the probe exports; memory, stack, fuel; imports: [[module, name, signature]];
     types: descriptor; calls: [[export, [value, ...]], ...]
out  compiled: None or [function number, reason]; device, reference: one outcome for each call, in order:
     ["value", x] | ["trap", reason] | ["refused", reason]: the arguments are more than its memory holds
     | ["broken", reason]: the guest breaks the Canonical ABI, which the device tells as a trap

With ``component`` instead, a component's binary, the output is what ``component_types`` tells of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import cbor2
import wasmtime
from motet_native import wasm as native

from motet.components import component_types
from motet_core import canonical_call

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
    instance, types = _device(request, request["wasm"]), native.Types(request["types"])
    outcomes: list[Outcome] = []
    for export, values in request["calls"]:
        instance.fuel = request["fuel"]
        try:
            outcomes.append(["value", instance.typed(export, types)(*values)])
        except TypeError as error:
            outcomes.append(["refused", str(error)])
        except native.Error as error:
            outcomes.append(["trap", str(error)])
            if "fuel" in str(error):
                break
            instance.close()
            instance = _device(request, request["wasm"])
    return outcomes


def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.consume_fuel = True
    config.parallel_compilation = False
    config.cranelift_opt_level = "none"
    # The default reserves gigabytes of address space for one memory, which the limits forbid.
    config.memory_reservation = 1 << 20
    config.memory_guard_size = 1 << 16
    # Copy-on-write images are files, which the limits forbid too.
    config.memory_init_cow = False
    return wasmtime.Engine(config)


def _function_type(signature: str) -> wasmtime.FuncType:
    result, params = signature[0], signature[2:-1]
    return wasmtime.FuncType([_TYPES[p]() for p in params], [] if result == "v" else [_TYPES[result]()])


def _reference(request: Request, store: wasmtime.Store, module: wasmtime.Module) -> Any:
    linker = wasmtime.Linker(store.engine)
    for name, item, signature in request["imports"]:
        linker.define_func(name, item, _function_type(signature), _stub(signature))
    store.set_fuel(REFERENCE_FUEL)
    return linker.instantiate(store, module).exports(store)


class Reference:
    """An instance on wasmtime as motet_core's Canonical ABI wants it."""

    def __init__(self, exports: Any, store: wasmtime.Store) -> None:
        self._exports = exports
        self._store = store
        self._memory = exports.get("memory") or exports.get("cm32p2_memory")

    @property
    def memory_bytes(self) -> int:
        """Size of the linear memory now."""
        return int(self._memory.data_len(self._store)) if self._memory else 0

    def find(self, name: str) -> Callable[..., Any] | None:
        """An exported function."""
        function = self._exports.get(name)
        return None if function is None else partial(function, self._store)

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the linear memory."""
        return bytes(self._memory.read(self._store, address, address + size)) if size else b""

    def write(self, address: int, data: bytes | bytearray) -> None:
        """Bytes into the linear memory."""
        self._memory.write(self._store, data, address)


def on_reference(request: Request, count: int) -> list[Outcome]:
    """Outcomes of the first ``count`` calls on wasmtime, with a fresh instance after a trap too."""
    store, types = wasmtime.Store(_engine()), canonical_call.Types(request["types"])
    module = wasmtime.Module(store.engine, request["wasm"])
    reference, outcomes = Reference(_reference(request, store, module), store), []
    for export, values in request["calls"][:count]:
        try:
            outcomes.append(["value", canonical_call.Typed(reference, types, export, limit=request["memory"])(*values)])
        except TypeError as error:
            outcomes.append(["refused", str(error)])
        except (wasmtime.Trap, wasmtime.WasmtimeError, canonical_call.Broken) as error:
            kind = "broken" if isinstance(error, canonical_call.Broken) else "trap"
            outcomes.append([kind, str(error).strip().splitlines()[-1]])
            reference = Reference(_reference(request, store, module), store)
    return outcomes


def main() -> None:
    """One request, one reply."""
    request = cbor2.loads(sys.stdin.buffer.read())
    if "component" in request:
        sys.stdout.buffer.write(cbor2.dumps(component_types.describe(_engine(), request["component"])))
        return
    reply: dict[str, Any] = {"compiled": compile_all(request), "device": [], "reference": []}
    if reply["compiled"] is None:
        reply["device"] = on_device(request)
        reply["reference"] = on_reference(request, len(reply["device"]))
    sys.stdout.buffer.write(cbor2.dumps(reply))


if __name__ == "__main__":
    main()
