# SPDX-License-Identifier: Apache-2.0
"""A whole component over wasmtime: for those of several modules, such as an interpreter with its program.

Nothing is there but the imports that are given: of WASI too (``wasilink``), so no files, no environment, no network. Fuel is
counted in the device's units, as by ``Instance``; memory is limited for each linear memory, and cancelling ends a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import motet_native
import wasmtime
from wasmtime import component as wc

from motet.components import component_types, conformance
from motet.components.errors import AdmissionError
from motet.components.jit import componentvalues as values
from motet.components.jit import wasilink
from motet.components.jit.code import INSTRUCTIONS_PER_UNIT, Cache, engine
from motet.components.jit.errors import CANCELLED, OUT_OF_FUEL, Error, Trap, one_line
from motet.components.wasi import admit as wasi
from motet.components.wittypes import Function, World
from motet_core.canonical_lower import Mismatch

MEMORY = 256 << 20
_INSTANCES = 64
_TRAP = "wasm trap: "
_WORDS = {
    "all fuel consumed by WebAssembly": OUT_OF_FUEL,
    "interrupt": CANCELLED,
    "wasm `unreachable` instruction executed": "unreachable executed",
    "call stack exhausted": "stack overflow",
}
Imports = Mapping[str, Callable[..., Any]]


class Compiled:
    """A component that can be started, and its functions as ``component_types`` tells them."""

    def __init__(self, component: wc.Component) -> None:
        self.component = component
        self.told = component_types.of(engine(), component)


def _compile(code: bytes) -> Compiled:
    try:
        return Compiled(wc.Component(engine(), code))
    except wasmtime.WasmtimeError as error:
        raise Error(one_line(error)) from None


# An interpreter takes tens of megabytes, and longer to compile than anything it runs.
compiled_component = Cache(_compile, 4).get


class Whole:
    """A component of a world. After a trap the next call gets a fresh one, as on devices."""

    def __init__(self, code: bytes | Compiled, world: World, imports: Imports, fuel: int, memory: int = MEMORY) -> None:
        """``imports``: what the world's do, by ``Function.core_name``; ``fuel``: units for each call, and for starting.

        Raises Error: it is invalid, is not of the world, or needs an import that is not given; Trap when it does not start.
        """
        compiled = code if isinstance(code, Compiled) else compiled_component(code)
        try:
            conformance.compare(wasi.apart(compiled.told), world)
        except AdmissionError as error:
            raise Error(str(error)) from None
        self._compiled, self._memory, self._fuel = compiled, memory, fuel
        self._linked = {key: function for function in world.imports if (key := function.core_name) in imports}
        self._work = imports
        needed = [conformance.key(*row[:2]) for row in compiled.told["imports"]]
        if missing := [key for key in needed if key not in imports]:
            raise Error(f"it needs the import {missing[0]}, which is not given")
        self._running: tuple[wasmtime.Store, wc.Instance, wasilink.Session] | None = None
        self._start()

    def call(self, function: Function, given: dict[str, Any], *, json: bool = False) -> Any:
        """A function of the world's exports, with its arguments by name.

        Raises Mismatch before it runs, ValueError for a result that JSON cannot carry, Trap, or what an import raises.
        """
        params = values.arguments(function, given)
        store, instance, session = self._running or self._start()
        place = instance.get_export_index(store, function.interface) if function.interface else None
        index = instance.get_export_index(store, function.name, place)
        target = instance.get_func(store, index) if index is not None else None
        if target is None:
            raise Error(f"{function.core_name}: no such export")
        self._give(store)
        session.begin()
        value = self._run(lambda: _returned(target, store, params), session)
        return values.lifted(function.result, value, json) if function.result is not None else None

    @property
    def running(self) -> bool:
        """False after a trap, or when an import has raised."""
        return self._running is not None

    @property
    def fuel(self) -> int:
        """Units left; those of a call are given when it begins."""
        return self._fuel if self._running is None else self._running[0].get_fuel() // INSTRUCTIONS_PER_UNIT

    @fuel.setter
    def fuel(self, units: int) -> None:
        self._fuel = units
        if self._running is not None:
            self._running[0].set_fuel(units * INSTRUCTIONS_PER_UNIT)

    def close(self) -> None:
        """Frees the running instance; may be repeated."""
        self._running = None

    def _start(self) -> tuple[wasmtime.Store, wc.Instance, wasilink.Session]:
        store = wasmtime.Store(engine())
        store.set_limits(memory_size=self._memory, table_elements=1 << 16, instances=_INSTANCES, tables=_INSTANCES, memories=4)
        self._give(store)
        linker = wc.Linker(engine())
        session = wasilink.Session(store)
        self._link(linker)
        wasilink.link(linker, self._compiled.told, self._work, session)
        self._running = store, self._run(lambda: linker.instantiate(store, self._compiled.component), session), session
        return self._running

    def _give(self, store: wasmtime.Store) -> None:
        store.set_fuel(self._fuel * INSTRUCTIONS_PER_UNIT)
        # Interruptions from before now do not count.
        store.set_epoch_deadline(1)

    def _link(self, linker: wc.Linker) -> None:
        groups: dict[str, list[Function]] = {}
        for function in self._linked.values():
            groups.setdefault(function.interface, []).append(function)
        with linker.root() as root:
            for function in groups.pop("", []):
                root.add_func(function.name, self._import(function))
            for interface, functions in groups.items():
                with root.add_instance(interface) as part:
                    for function in functions:
                        part.add_func(function.name, self._import(function))

    def _import(self, function: Function) -> Callable[..., Any]:
        kinds, work = [param.type for param in function.params], self._work[function.core_name]

        def call(_: Any, *given: Any) -> Any:
            value = work(*map(values.lifted, kinds, given))
            try:
                return values.answer(function, value)
            except Mismatch as error:
                raise TypeError(f"{function.core_name}: result: {error}") from None

        return call

    def _run(self, work: Callable[[], Any], session: wasilink.Session) -> Any:
        if motet_native.cancel_pending():
            raise Trap(CANCELLED)
        try:
            return work()
        except wasmtime.WasmtimeError as error:
            self.close()
            _, trap, reason = str(error).strip().rpartition(_TRAP)
            raise Trap(_WORDS.get(reason, reason) if trap else one_line(error)) from None
        except Exception:
            # An import has raised, in the middle of the call.
            self.close()
            raise
        finally:
            session.flush()


def _returned(target: wc.Func, store: wasmtime.Store, params: list[Any]) -> Any:
    value = target(store, *params)
    target.post_return(store)
    return value
