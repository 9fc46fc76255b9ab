#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles the engine to 32-bit WebAssembly, which counts what a model needs on a 32-bit board: tools/nn32/build.py OUTPUT

Needs clang and lld of one release. Exits with 1 and a sentence when it cannot.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

OWN = Path(__file__).resolve().parent
NATIVE = OWN.parents[1] / "firmware/native"
RELEASES = ("-14", "-15", "-16", "-17", "-18", "-19", "-20", "")
TIMEOUT_S = 300


def find_tools() -> tuple[str, str] | None:
    """clang and its linker for WebAssembly."""
    for release in RELEASES:
        clang, linker = shutil.which(f"clang{release}"), shutil.which(f"wasm-ld{release}")
        if clang and linker:
            return clang, linker
    return None


def build(clang: str, linker: str, output: Path) -> str | None:
    """Writes the module; what the compiler says when it cannot."""
    sources = [*sorted((NATIVE / "nn").glob("*.c")), NATIVE / "cancel.c", *sorted(OWN.glob("*.c"))]
    compiling = ["--target=wasm32-unknown-unknown", "-mcpu=mvp", "-std=c11", "-Os", "-ffreestanding", "-nostdlib", "-w"]
    linking = [f"-fuse-ld={linker}", "-Wl,--no-entry,--strip-all,-z,stack-size=65536"]
    exports = ["-Wl,--export=table_bytes", "-Wl,--export=activation_bytes"]
    with tempfile.TemporaryDirectory(prefix="motet-nn32-") as folder:
        made = Path(folder) / "engine32.wasm"
        command = [clang, *compiling, f"-I{NATIVE}", f"-I{OWN}", *linking, *exports, *map(str, sources), "-o", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_S)
        if done.returncode == 0:
            output.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made, output)
            return None
    return done.stderr.strip() or f"{clang} failed"


def main() -> int:
    tools = find_tools()
    problem = "no clang with wasm-ld here" if tools is None else build(*tools, Path(sys.argv[1]))
    if problem:
        print(problem, file=sys.stderr)
    return int(problem is not None)


if __name__ == "__main__":
    sys.exit(main())
