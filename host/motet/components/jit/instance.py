# SPDX-License-Identifier: Apache-2.0
"""A module with its memory, over wasmtime; the interface is that of ``motet_native.wasm.Instance``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import motet_native
import wasmtime

from motet.components.jit.code import INSTRUCTIONS_PER_UNIT, PAGE, Program, compiled, engine
from motet.components.jit.core import Context, Function, Memory
from motet.components.jit.errors import CANCELLED, Error, Trap, one_line, words
from motet.components.jit.typed import Import, Typed, Types


class Guest:
    """Memory and functions of an instance, as motet_core's Canonical ABI wants them."""

    def __init__(self, context: Context, program: Program, exports: Any) -> None:
        self._context, self._signatures, self._exports = context, program.exports, exports
        self._functions: dict[str, Function] = {}
        self.memory = Memory(context, None if program.memory is None else exports[program.memory])

    @property
    def memory_bytes(self) -> int:
        """Size of the linear memory now."""
        return self.memory.size

    def find(self, name: str) -> Function | None:
        """An exported function, None when there is none of the name."""
        if name not in self._functions and name in self._signatures:
            found = self._exports[name]
            self._functions[name] = Function(self._context, found, self._signatures[name], self.memory.refresh)
        return self._functions.get(name)

    def read(self, address: int, size: int) -> memoryview:
        """A view of bytes where they lie."""
        return self.memory.view[address : address + size]

    def write(self, address: int, data: bytes | bytearray) -> None:
        """Bytes into memory, where there is room for them."""
        self.memory.view[address : address + len(data)] = data


class Instance:
    """A module with its memory. ``code`` must have been admitted: ``memory`` counts in whole pages, ``stack`` not at all."""

    def __init__(self, code: Any, memory: int = 4096, stack: int = 2048) -> None:
        self.limit = memory
        self._program: Program | None = compiled(bytes(code))
        self._linked: dict[tuple[str, str], Callable[..., Any]] = {}
        self._context: Context | None = None
        self._guest: Guest | None = None
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

    def find(self, name: str) -> Function:
        """An exported function. The first one starts the module. Raises Error."""
        found = self.guest.find(name)
        if found is None:
            raise Error(f"{name}: no such export")
        return found

    def typed(self, name: str, types: Types, *, json: bool = False) -> Typed:
        """An exported function with its types. Raises Error."""
        return Typed(self, types, name, json)

    def enter(self) -> None:
        """Before a call: what was interrupted earlier does not count, what is to be cancelled does not begin."""
        if self._context is None:
            raise Error("the instance is closed")
        self._context.start()
        if motet_native.cancel_pending():
            raise Trap(CANCELLED)

    @property
    def guest(self) -> Guest:
        """The running module. Raises Error when an import is not linked."""
        if self._guest is None:
            self._guest = self._instantiated(self._opened())
        return self._guest

    @property
    def fuel(self) -> int:
        """Units left; zero at first."""
        return self._fuel if self._context is None else self._context.left() // INSTRUCTIONS_PER_UNIT

    @fuel.setter
    def fuel(self, units: int) -> None:
        self._fuel = units
        if self._context is not None:
            self._context.give(units * INSTRUCTIONS_PER_UNIT)

    @property
    def memory_bytes(self) -> int:
        """Size of the linear memory now."""
        return self.guest.memory_bytes

    def read(self, offset: int, length: int) -> bytes:
        """A copy of bytes of the linear memory. Raises IndexError outside of it."""
        self._within(offset, length)
        return bytes(self.guest.read(offset, length))

    def write(self, offset: int, data: bytes) -> None:
        """Bytes into the linear memory. Raises IndexError outside of it."""
        self._within(offset, len(data))
        self.guest.write(offset, data)

    def close(self) -> None:
        """Frees everything; may be repeated."""
        self._program = self._guest = self._context = None
        self._linked = {}

    def _opened(self) -> Program:
        if self._program is None:
            raise Error("the instance is closed")
        return self._program

    def _within(self, offset: int, length: int) -> None:
        size = self.memory_bytes
        if offset < 0 or length < 0 or offset + length > size:
            raise IndexError(f"{length} bytes at {offset} are outside the memory of {size} bytes")

    def _instantiated(self, program: Program) -> Guest:
        store = wasmtime.Store(engine())
        store.set_limits(memory_size=-(-self.limit // PAGE) * PAGE, instances=1, memories=1, tables=1)
        self._context = Context(store)
        self._context.give(self._fuel * INSTRUCTIONS_PER_UNIT)
        self._context.start()
        imports = [self._callable(store, *one) for one in zip(program.imports, program.import_types, strict=True)]
        try:
            exports = wasmtime.Instance(store, program.module, imports).exports(store)
        except wasmtime.Trap as error:
            raise Trap(words(error)) from None
        except wasmtime.WasmtimeError as error:
            raise Error(one_line(error)) from None
        return Guest(self._context, program, exports)

    def _callable(self, store: wasmtime.Store, item: tuple[str, str, str], kind: Any) -> wasmtime.Func:
        work = self._linked.get(item[:2])
        if work is None:
            raise Error(f"{item[0]}.{item[1]}: the import is not linked")
        return wasmtime.Func(store, kind, work)
