# SPDX-License-Identifier: Apache-2.0
"""Compiled modules, kept by digest for as long as the process runs, and the one engine that they share."""

from __future__ import annotations

import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

import motet_native
import wasmtime

from motet.components.jit.errors import Error, one_line

# An unit of the device's fuel is a call or an iteration: what may stand between two of them, in cheapest instructions.
INSTRUCTIONS_PER_UNIT = 5000
PAGE = 65536
_LETTERS = {"i32": "i", "i64": "I", "f32": "f", "f64": "F"}
_KEPT = 64
Made = TypeVar("Made")


@functools.cache
def engine() -> wasmtime.Engine:
    """Counts fuel, and can be interrupted from another thread."""
    config = wasmtime.Config()
    config.consume_fuel = True
    config.epoch_interruption = True
    config.parallel_compilation = False
    # The default is gigabytes of addresses for each memory, which confined processes do not have; images are files, nor those.
    config.memory_reservation = 1 << 20
    config.memory_guard_size = 1 << 16
    config.memory_reservation_for_growth = 1 << 20
    config.memory_init_cow = False
    return wasmtime.Engine(config)


def cancel(flag: bool = True) -> None:
    """Raise (or clear) the flag that stops running calls, of this engine and of the native ones."""
    motet_native.cancel(flag)
    if flag:
        engine().increment_epoch()


class Program:
    """A compiled module, and what is asked of it each time: imports as (module, name, signature), signatures of exports."""

    def __init__(self, code: bytes) -> None:
        try:
            self.module = wasmtime.Module(engine(), code)
        except wasmtime.WasmtimeError as error:
            raise Error(one_line(error)) from None
        imports, exports = self.module.imports, self.module.exports
        for item in imports:
            if not isinstance(item.type, wasmtime.FuncType):
                raise Error(f"{item.module}.{item.name}: only functions can be imported")
        self.imports = [(item.module, item.name or "", signature(item.type)) for item in imports]
        self.import_types = [item.type for item in imports]
        self.exports = {item.name: signature(item.type) for item in exports if isinstance(item.type, wasmtime.FuncType)}
        self.memory = next((item.name for item in exports if isinstance(item.type, wasmtime.MemoryType)), None)


def signature(kind: Any) -> str:
    """A core function's type in the device engine's notation, for example ``i(iF)``."""
    params = "".join(_LETTERS[str(param)] for param in kind.params)
    return f"{_LETTERS[str(kind.results[0])] if kind.results else 'v'}({params})"


class Cache(Generic[Made]):
    """What ``make`` makes of code, by its digest; the last ``kept`` of them."""

    def __init__(self, make: Callable[[bytes], Made], kept: int) -> None:
        self._make, self._kept = make, kept
        self._lock = Lock()
        self._programs: OrderedDict[bytes, Made] = OrderedDict()

    def get(self, code: bytes) -> Made:
        """The compiled module. Raises Error. Compiling takes milliseconds, the second time microseconds."""
        digest = hashlib.sha256(code).digest()
        with self._lock:
            found = self._programs.get(digest) or self._make(code)
            self._programs[digest] = found
            self._programs.move_to_end(digest)
            if len(self._programs) > self._kept:
                self._programs.popitem(last=False)
            return found


compiled = Cache(Program, _KEPT).get
