# SPDX-License-Identifier: Apache-2.0
"""Calls of core functions without the conversions of wasmtime's own Python layer, which cost twenty times the call.

wasmtime.h, ``wasmtime_func_call_unchecked``: parameters and results share one array of 16-byte slots. Their number and types come
from the function's own type, which is what makes the call safe.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any, NoReturn

import wasmtime
from wasmtime import _bindings, _func

from motet.components.jit.errors import Trap, one_line, words

_SLOTS = {"i": "i12x", "I": "q8x", "f": "f12x", "F": "d8x"}
_SLOT = 16
_dll = _bindings.dll  # type: ignore[attr-defined]
_call = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)(
    ("wasmtime_func_call_unchecked", _dll)
)
_set_fuel = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64)(("wasmtime_context_set_fuel", _dll))
_memory_size = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p)(("wasmtime_memory_data_size", _dll))
_set_deadline = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64)(("wasmtime_context_set_epoch_deadline", _dll))


class Context:
    """A store, as the calls want it."""

    def __init__(self, store: wasmtime.Store) -> None:
        self.store = store
        self.address = ctypes.cast(store._context(), ctypes.c_void_p).value

    def give(self, fuel: int) -> None:
        """So many instructions from now on."""
        _set_fuel(self.address, fuel)

    def left(self) -> int:
        """Instructions that may still run."""
        return self.store.get_fuel()

    def start(self) -> None:
        """Interruptions from before now do not count."""
        _set_deadline(self.address, 1)


class Memory:
    """The linear memory, as bytes where they lie."""

    def __init__(self, context: Context, memory: wasmtime.Memory | None) -> None:
        self._store, self._memory = context.store, memory
        self._where = (context.address, ctypes.addressof(memory._memory)) if memory is not None else None
        self.view, self.size = memoryview(b""), 0
        self.refresh()

    def refresh(self) -> None:
        """Takes note of how much there is now, and where: it moves only when it grows."""
        if self._where is None or self._memory is None or (size := _memory_size(*self._where)) == self.size:
            return
        start = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        self.view, self.size = memoryview((ctypes.c_ubyte * size).from_address(start)).cast("B"), size


class Function:
    """One exported function. ``after`` is called when it has returned: memory may have grown."""

    def __init__(self, context: Context, function: wasmtime.Func, signature: str, after: Callable[[], None]) -> None:
        self.signature = signature
        params, result = signature[2:-1], signature[0]
        self._given = struct.Struct("<" + "".join(_SLOTS[letter] for letter in params))
        self._got = None if result == "v" else struct.Struct("<" + _SLOTS[result][0])
        self._slots = (ctypes.c_uint64 * (2 * max(len(params), 1)))()
        self._trap = ctypes.c_void_p()
        self._after = after
        # Kept: the addresses below point into them.
        self._kept = (context, function)
        count = ctypes.sizeof(self._slots) // _SLOT
        addresses = ctypes.addressof(function._func), ctypes.addressof(self._slots), count, ctypes.addressof(self._trap)
        self._arguments = (context.address, *addresses)

    def __call__(self, *values: Any) -> Any:
        """Integers signed, as many as the signature has. Raises Trap, and what an import has raised."""
        self._given.pack_into(self._slots, 0, *values)
        error = _call(*self._arguments)
        if error or self._trap.value:
            self._fail(error)
        self._after()
        return None if self._got is None else self._got.unpack_from(self._slots)[0]

    def _fail(self, error: int | None) -> NoReturn:
        address, self._trap.value = self._trap.value, None
        # Owned from here on, whatever is raised.
        if address:
            reason = words(wasmtime.Trap._from_ptr(ctypes.cast(address, ctypes.POINTER(_bindings.wasm_trap_t))))
        else:
            given = ctypes.cast(error or 0, ctypes.POINTER(_bindings.wasmtime_error_t))
            reason = one_line(wasmtime.WasmtimeError._from_ptr(given))
        _func.maybe_raise_last_exn()
        raise Trap(reason)
