# SPDX-License-Identifier: Apache-2.0
"""The link in C under ASan and UBSan: random bytes, damaged traffic and forged frames into link_feed leave it sound."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.native import NATIVE, ROOT, sanitizing_compiler

SOURCES = [ROOT / "tests/native/frame_fuzz.c", NATIVE / "cancel.c", *sorted((NATIVE / "frame").glob("*.c"))]
FLAGS = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", f"-I{NATIVE}", "-DFRAME_FUZZ_MAIN"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frame")
    program = folder / "frame_fuzz"
    command = [sanitizing_compiler(folder), *FLAGS, *SANITIZE, *map(str, SOURCES), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hostile_input_leaves_the_link_sound_and_the_messages_in_order(fuzzer: Path, seed: int) -> None:
    done = subprocess.run([str(fuzzer), str(seed), "1500"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout)["delivered"] > 1000
