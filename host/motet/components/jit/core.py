# SPDX-License-Identifier: Apache-2.0
"""wasmtime's C interface where its Python layer costs more than the call: fuel, deadlines, and the way into typed calls.

Typed calls are those of ``motet_native``: its Canonical ABI in C calls ``wasmtime_func_call_unchecked`` itself (see wasmtime.h),
with the number and types of values that the function's own type says, which is what makes the call safe.
"""

from __future__ import annotations

import ctypes
from typing import Any, NoReturn

import wasmtime
from motet_native import wasm as native
from wasmtime import _bindings, _func

from motet.components.jit.code import Program
from motet.components.jit.errors import Broken, Trap, one_line, words

_dll = _bindings.dll  # type: ignore[attr-defined]
_FUNCTIONS = ("wasmtime_func_call_unchecked", "wasmtime_memory_data", "wasmtime_memory_data_size")
_ADDRESSES = [ctypes.cast(getattr(_dll, name), ctypes.c_void_p).value or 0 for name in _FUNCTIONS]
_set_fuel = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64)(("wasmtime_context_set_fuel", _dll))
_set_deadline = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64)(("wasmtime_context_set_epoch_deadline", _dll))
_OVERFLOW = "stack overflow"


class Running:
    """A module that runs: its store, and its functions and memory as an instance of ``motet_native``."""

    def __init__(self, store: wasmtime.Store, program: Program, exports: Any, limit: int) -> None:
        self._store = store
        self._context = ctypes.cast(store._context(), ctypes.c_void_p).value or 0
        # Kept: what native code holds of them are addresses.
        self._kept = [exports[name] for name in (*program.exports, *([program.memory] if program.memory else []))]
        rows = []
        for (name, signature), function in zip(program.exports.items(), self._kept, strict=False):
            rows.append((name, signature, ctypes.addressof(function._func)))
        memory = ctypes.addressof(self._kept[-1]._memory) if program.memory else 0
        self.native = native.Instance.elsewhere(rows, limit, self._context, memory, *_ADDRESSES)

    def give(self, fuel: int) -> None:
        """So many instructions from now on."""
        _set_fuel(self._context, fuel)

    def left(self) -> int:
        """Instructions that may still run."""
        return self._store.get_fuel()

    def start(self) -> None:
        """Interruptions from before now do not count."""
        _set_deadline(self._context, 1)

    def fail(self, said: str) -> NoReturn:
        """Raises what a call has ended with: Trap, Broken, or what an import has raised."""
        error, trap = self.native.failure()
        if trap:
            said = words(wasmtime.Trap._from_ptr(ctypes.cast(trap, ctypes.POINTER(_bindings.wasm_trap_t))))
        elif error:
            given = ctypes.cast(error, ctypes.POINTER(_bindings.wasmtime_error_t))
            said = one_line(wasmtime.WasmtimeError._from_ptr(given))
        elif said != _OVERFLOW:
            raise Broken(said)
        _func.maybe_raise_last_exn()
        raise Trap(said)
