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


# wasm3 allocates through ours.
_REDIRECT = [f"-D{name}=motet_wasm_{name}" for name in ("calloc", "realloc", "free")]
_OURS = ["-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{NATIVE}"]


def compile_all(sources: list[Path], folder: Path, *command: str) -> list[str]:
    """Objects of all sources, two compilers at a time."""
    objects = [str(folder / f"{source.stem}.o") for source in sources]
    for at in range(0, len(sources), 2):
        running = [
            subprocess.Popen([*command, "-c", str(source), "-o", target])
            for source, target in zip(sources[at : at + 2], objects[at : at + 2], strict=True)
        ]
        assert [process.wait() for process in running] == [0] * len(running)
    return objects


def sanitized_engine(driver: Path, folder: Path, *for_wasm3: str) -> Path:
    """The program of `driver` and the wasm engine: ours under ASan and UBSan, wasm3 with the flags `for_wasm3`."""
    if not WASM3.exists():
        pytest.skip("third_party/wasm3 is missing: tools/fetch.py wasm3")
    common = [sanitizing_compiler(folder), "-std=gnu11", "-O1", "-g", *wasm3_macros()]
    objects = compile_all(sorted(WASM3.glob("*.c")), folder, *common, "-w", "-fno-strict-aliasing", *for_wasm3, *_REDIRECT)
    sources = [*sorted((NATIVE / "wasm").glob("*.c")), NATIVE / "cancel.c", driver]
    objects += compile_all(sources, folder, *common, *_OURS, "-isystem", str(WASM3))
    program = folder / driver.stem
    subprocess.run([common[0], "-fsanitize=address,undefined", *objects, "-lm", "-o", str(program)], check=True)
    return program
