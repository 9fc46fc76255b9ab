# SPDX-License-Identifier: Apache-2.0
"""The native sources are free of warnings under every compiler that they are built with."""

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from tests.support.native import BINDING, MONOCYPHER, NATIVE, ROOT, WASM3, wasm3_macros

CORTEX_M4 = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]
COMPILERS = {
    "gcc": [],
    "clang-14": [],
    "arm-none-eabi-gcc": CORTEX_M4,
    "riscv64-unknown-elf-gcc": ["-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs"],
}
HOSTED = ["gcc", "clang-14"]
STRICT = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"]


def warnings(compiler: str, sources: list[Path], *includes: str) -> str:
    """What the compiler says of the sources; optimising finds more than parsing does."""
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    if not WASM3.exists():
        pytest.skip("third_party/wasm3 is missing: tools/fetch.py wasm3")
    command = [compiler, *COMPILERS[compiler], *STRICT, *wasm3_macros(), f"-I{NATIVE}", f"-I{BINDING}", "-isystem", str(WASM3)]
    command += ["-isystem", str(MONOCYPHER)]
    results = [
        subprocess.run(
            [*command, *includes, "-S", "-o", "-", str(source)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for source in sources
    ]
    return "".join(result.stderr for result in results if result.returncode)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_native_core_has_no_warnings(compiler: str) -> None:
    sources = sorted(NATIVE.rglob("*.c"))
    assert len(sources) > 20
    assert warnings(compiler, sources) == ""


@pytest.mark.parametrize("compiler", HOSTED)
def test_the_cpython_binding_has_no_warnings(compiler: str) -> None:
    macros = ("-DMOTET_THREADS=1", "-DMOTET_WASM_ELSEWHERE=1")
    assert warnings(compiler, sorted(BINDING.glob("*.c")), *macros, "-isystem", sysconfig.get_path("include")) == ""


def test_all_builds_shape_the_engines_structures_by_one_list():
    for build in ("setup.py", "firmware/modules/motet_native/micropython.mk", "firmware/modules/motet_native/micropython.cmake"):
        text = (ROOT / build).read_text()
        assert "defines.list" in text and not re.search(r"d_m3\w+=", text)
