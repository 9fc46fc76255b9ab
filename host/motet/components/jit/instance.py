# SPDX-License-Identifier: Apache-2.0
"""A module with its memory, over wasmtime; the interface is that of ``motet_native.wasm.Instance``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import motet_native
import wasmtime
from motet_native import wasm as native

from motet.components.jit.code import INSTRUCTIONS_PER_UNIT, PAGE, Program, compiled, engine
from motet.components.jit.core import Running
from motet.components.jit.errors import CANCELLED, Error, Trap, one_line, words
from motet.components.jit.typed import Called, Import, Typed, Types


class Instance:
    """A module with its memory. ``code`` must have been admitted: ``memory`` counts in whole pages, ``stack`` not at all."""

    def __init__(self, code: Any, memory: int = 4096, stack: int = 2048) -> None:
        self.limit = memory
        self._program: Program | None = compiled(bytes(code))
        self._linked: dict[tuple[str, str], Callable[..., Any]] = {}
        self._running: Running | None = None
        # Why the last call was ended, also by what an import raised; None when it was not.
        self.trap: str | None = None
        self._fuel = 0

    def imports(self) -> list[tuple[str, str, str]]:
        """What the module needs: (module, name, signature)."""
        return list(self._opened().imports)

    def exports(self) -> list[tuple[str, str]]:
        """What find() finds: (name, signature)."""
        return list(self._opened().exports.items())

    def link(self, module: str, name: str, function: Callable[..., Any]) -> None:
        """Let ``function`` be the import ``module``.``name``. Raises Error when there is no such import."""
        if (module, name) not in [item[:2] for item in self._opened().imports]:
            raise Error(f"{module}.{name}: no such import")
        self._linked[module, name] = function

    def link_typed(self, module: str, name: str, types: Types, function: Callable[..., Any]) -> None:
        """The same for typed values, described as "module#name"."""
        work = Import(self, types, f"{module}#{name}", function)
        if (module, name, work.signature) not in self.imports():
            raise Error(f"{module}.{name}: its core type is not what its types flatten to, or there is no such import")
        self.link(module, name, work)

    def find(self, name: str) -> Called:
        """An exported function. The first one starts the module. Raises Error."""
        return Called(self, self._bound(self.guest.find, name))

    def typed(self, name: str, types: Types, *, json: bool = False) -> Typed:
        """An exported function with its types. Raises Error."""
        return Typed(self, self._bound(self.guest.typed, name, types.native, json=json))

    def run(self, target: Callable[..., Any], *values: Any) -> Any:
        """Calls into the module. What was interrupted earlier does not count, what is to be cancelled does not begin."""
        if self._running is None:
            raise Error("the instance is closed")
        self.trap = None
        self._running.start()
        if motet_native.cancel_pending():
            raise Trap(CANCELLED)
        try:
            return target(*values)
        except native.Trap as error:
            self.trap = str(error)
            self._running.fail(str(error))

    @property
    def guest(self) -> native.Instance:
        """The running module. Raises Error when an import is not linked."""
        if self._running is None:
            self._running = self._started(self._opened())
        return self._running.native

    @property
    def fuel(self) -> int:
        """Units left; zero at first."""
        return self._fuel if self._running is None else self._running.left() // INSTRUCTIONS_PER_UNIT

    @fuel.setter
    def fuel(self, units: int) -> None:
        self._fuel = units
        if self._running is not None:
            self._running.give(units * INSTRUCTIONS_PER_UNIT)

    @property
    def memory_bytes(self) -> int:
        """Size of the linear memory now."""
        return self.guest.memory_bytes

    def read(self, offset: int, length: int) -> bytes:
        """A copy of bytes of the linear memory. Raises IndexError outside of it."""
        return self.guest.read(offset, length)

    def write(self, offset: int, data: bytes) -> None:
        """Bytes into the linear memory. Raises IndexError outside of it."""
        self.guest.write(offset, data)

    def close(self) -> None:
        """Frees everything; may be repeated."""
        if self._running is not None:
            self._running.native.close()
        self._program = self._running = None
        self._linked = {}

    def _opened(self) -> Program:
        if self._program is None:
            raise Error("the instance is closed")
        return self._program

    def _bound(self, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        try:
            return work(*arguments, **options)
        except native.Error as error:
            raise Error(str(error)) from None

    def _started(self, program: Program) -> Running:
        store = wasmtime.Store(engine())
        store.set_fuel(INSTRUCTIONS_PER_UNIT)
        store.set_epoch_deadline(1)
        store.set_limits(memory_size=-(-self.limit // PAGE) * PAGE, instances=1, memories=1, tables=1)
        imports = [self._callable(store, *one) for one in zip(program.imports, program.import_types, strict=True)]
        try:
            exports = wasmtime.Instance(store, program.module, imports).exports(store)
        except wasmtime.Trap as error:
            raise Trap(words(error)) from None
        except wasmtime.WasmtimeError as error:
            raise Error(one_line(error)) from None
        running = Running(store, program, exports, self.limit)
        running.give(self._fuel * INSTRUCTIONS_PER_UNIT)
        return running

    def _callable(self, store: wasmtime.Store, item: tuple[str, str, str], kind: Any) -> wasmtime.Func:
        work = self._linked.get(item[:2])
        if work is None:
            raise Error(f"{item[0]}.{item[1]}: the import is not linked")
        return wasmtime.Func(store, kind, work)
