# SPDX-License-Identifier: Apache-2.0
"""The Canonical ABI in C under ASan and UBSan: damaged descriptors, and guests whose results are noise."""

import random
import re
import subprocess
from pathlib import Path

import pytest
from tests.support import abi_random
from tests.support.native import ROOT, sanitized_engine
from wasmtime import wat2wasm

from motet.components import descriptor
from motet.components.wittypes import Function

DESCRIPTORS = 40


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # wasm3 is given one good module only: it is not what is tested here.
    return sanitized_engine(ROOT / "tests/support/abi_sanitized.c", tmp_path_factory.mktemp("sanitized"))


def descriptors() -> bytes:
    """Descriptors of functions without parameters whose results come through memory."""
    found = b""
    for number in range(DESCRIPTORS):
        kind = abi_random.random_type(random.Random(f"sanitized {number}"), 3)
        data = descriptor.encode([Function("give", (), kind)])
        if len(data) < 300:
            found += len(data).to_bytes(2, "little") + data
    return found


def test_damaged_descriptors_and_noise_from_guests_are_harmless(driver: Path, tmp_path: Path) -> None:
    module, corpus = tmp_path / "typed.wasm", tmp_path / "descriptors"
    module.write_bytes(bytes(wat2wasm((ROOT / "tests/dual/fixtures/typed.wat").read_text())))
    corpus.write_bytes(descriptors())
    done = subprocess.run([str(driver), str(module), str(corpus)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-4000:]
    counts = re.fullmatch(r"(\d+) compiled, (\d+) refused, (\d+) values, (\d+) traps\n", done.stdout)
    assert counts is not None
    assert all(int(count) > 200 for count in counts.groups()), done.stdout
