# SPDX-License-Identifier: Apache-2.0
"""What tests that compile the native sources need to know of the build."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "firmware/native"
BINDING = ROOT / "firmware/cpython"
WASM3 = ROOT / "third_party/wasm3"
MONOCYPHER = ROOT / "third_party/monocypher"


def wasm3_macros() -> list[str]:
    """The macros that shape wasm3's structures, of which all builds read one list."""
    lines = (ROOT / "firmware/native/defines.list").read_text().splitlines()
    return [f"-D{line}" for line in lines if not line.startswith("#")]


def sanitizing_compiler(folder: Path) -> str:
    """A compiler that can link a program with both sanitizers: clang comes without its run-time library on some machines."""
    probe, names = folder / "probe.c", ("clang-14", "clang", "gcc")
    probe.write_text("int main(void) { return 0; }\n")
    for name in filter(shutil.which, names):
        command = [name, "-fsanitize=address,undefined", str(probe), "-o", str(folder / "probe")]
        if subprocess.run(command, capture_output=True).returncode == 0:
            return name
    pytest.skip(f"none of {', '.join(names)} links with -fsanitize=address,undefined")
