# SPDX-License-Identifier: Apache-2.0
"""The store in C under ASan and UBSan on hostile content, and the STM32F4's flash driver against a model of its registers."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.native import NATIVE, ROOT, sanitizing_compiler

from motet import boards

STORE = [*sorted((NATIVE / "store").glob("*.c")), NATIVE / "frame/crc32.c"]
FLAGS = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", f"-I{NATIVE}"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def build(folder: Path, name: str, *more: str) -> Path:
    program = folder / name
    sources = [ROOT / f"tests/native/{name}.c", *STORE]
    command = [sanitizing_compiler(folder), *FLAGS, *SANITIZE, *more, *map(str, sources), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.parametrize("seed", [1, 2])
def test_hostile_content_is_mounted_or_refused_and_formatting_always_helps(tmp_path: Path, seed: int) -> None:
    program = build(tmp_path, "store_fuzz", "-DSTORE_FUZZ_MAIN")
    done = subprocess.run([str(program), str(seed), "3000"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout)["runs"] == 3000


def test_the_stm32f4_driver_keeps_to_the_manual_and_off_the_image(tmp_path: Path) -> None:
    flash = boards.load("stm32f405").flash
    assert flash
    defines = [f"-D{key}={value}" for key, value in flash.defines().items()]
    driver = ROOT / f"firmware/port/flash/flash_{flash.driver}.c"
    program = build(tmp_path, "stm32f4_flash", "-DMOTET_BUS_MODEL", f"-I{ROOT / 'firmware/port'}", *defines, str(driver))
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout)["words"] > 10_000
