# SPDX-License-Identifier: Apache-2.0
"""The arena of a 32-bit board, counted on any machine: the engine itself, compiled to 32-bit WebAssembly.

Its tables hold pointers, so a 64-bit machine needs more than a board. wasm32 has the sizes and alignments of Arm's and RISC-V's
C. The engine is compiled once for each state of its sources, in a source tree with clang; elsewhere nothing can be counted.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import wasmtime

from motet.paths import repository

_RELEASES = ("-14", "-15", "-16", "-17", "-18", "-19", "-20", "")
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
    """The compiled engine of this source tree, compiled now if need be; None without sources or compiler."""
    root, tools = repository(), _tools()
    if root is None or tools is None:
        return None
    native, own = root / "firmware/native", root / "tools/nn32"
    sources = [*sorted((native / "nn").glob("*.[ch]")), native / "cancel.c", *sorted(own.glob("*.[ch]"))]
    digest = hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:16]
    made = root / "build" / "nn32" / f"{digest}.wasm"
    if not made.is_file():
        made.parent.mkdir(parents=True, exist_ok=True)
        compile_engine(tools, [one for one in sources if one.suffix == ".c"], [native, own], made)
    return made if made.is_file() else None


def compile_engine(tools: tuple[str, str], sources: list[Path], include: list[Path], output: Path) -> None:
    """Compiles the engine to wasm32; leaves no file when that fails."""
    clang, linker = tools
    compiling = ["--target=wasm32-unknown-unknown", "-mcpu=mvp", "-std=c11", "-Os", "-ffreestanding", "-nostdlib", "-w"]
    linking = [f"-fuse-ld={linker}", "-Wl,--no-entry,--strip-all,-z,stack-size=65536"]
    exports = ["-Wl,--export=table_bytes", "-Wl,--export=activation_bytes"]
    with tempfile.TemporaryDirectory(prefix="motet-nn32-") as folder:
        made = Path(folder) / "engine32.wasm"
        command = [clang, *compiling, *(f"-I{one}" for one in include), *linking, *exports, *map(str, sources), "-o", str(made)]
        if subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=300).returncode == 0:
            shutil.move(made, output)


def _tools() -> tuple[str, str] | None:
    for release in _RELEASES:
        clang, linker = shutil.which(f"clang{release}"), shutil.which(f"wasm-ld{release}")
        if clang and linker:
            return clang, linker
    return None
