# SPDX-License-Identifier: Apache-2.0
"""The arena of a 32-bit board, counted on any machine: the engine itself, compiled to 32-bit WebAssembly.

Its tables hold pointers, so a 64-bit machine needs more than a board. wasm32 has the sizes and alignments of Arm's and RISC-V's
C. An installed package brings the compiled engine; a source tree compiles it once for each state of its sources, with clang.
Without either nothing can be counted.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import wasmtime

from motet.paths import repository

# Made by setup.py where there is clang.
_INSTALLED = Path(__file__).with_name("engine32.wasm")
_BUILD_S = 360
_PAGE = 65536
_FUEL = 2_000_000_000
_MOST_BYTES = 256 << 20


def arena_of_a_board(data: bytes) -> int | None:
    """Bytes of tables and activations on a 32-bit board; None when there is no compiled engine or it refuses the model."""
    compiled = _engine()
    if compiled is None:
        return None
    engine, code = compiled
    store = wasmtime.Store(engine)
    store.set_fuel(_FUEL)
    store.set_limits(memory_size=_MOST_BYTES)
    try:
        return _measure(store, code, data)
    except (wasmtime.Trap, wasmtime.WasmtimeError):
        return None


def _measure(store: wasmtime.Store, code: wasmtime.Module, data: bytes) -> int | None:
    exports = wasmtime.Instance(store, code, []).exports(store)
    memory = exports["memory"]
    assert isinstance(memory, wasmtime.Memory)
    start = memory.data_len(store)
    memory.grow(store, len(data) // _PAGE + 1)
    memory.write(store, data, start)
    room = memory.data_len(store)
    tables = int(exports["table_bytes"](store, start, len(data)))  # type: ignore[operator]
    if tables == 0:
        return None
    memory.grow(store, tables // _PAGE + 1)
    activations = int(exports["activation_bytes"](store, start, len(data), room, tables))  # type: ignore[operator]
    return None if activations < 0 else tables + activations


@lru_cache(maxsize=1)
def _engine() -> tuple[wasmtime.Engine, wasmtime.Module] | None:
    file = _made()
    if file is None:
        return None
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    return engine, wasmtime.Module.from_file(engine, str(file))


def _made() -> Path | None:
    """The compiled engine: this source tree's, compiled now if need be, or the installed one. None without both."""
    root = repository()
    if root is None:
        return _INSTALLED if _INSTALLED.is_file() else None
    native, own = root / "firmware/native", root / "tools/nn32"
    sources = [*sorted((native / "nn").glob("*.[ch]")), native / "cancel.c", *sorted(own.iterdir())]
    digest = hashlib.sha256(b"".join(one.read_bytes() for one in sources if one.is_file())).hexdigest()[:16]
    made = root / "build" / "nn32" / f"{digest}.wasm"
    if not made.is_file():
        command = [sys.executable, str(own / "build.py"), str(made)]
        subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_BUILD_S)
    return made if made.is_file() else None
