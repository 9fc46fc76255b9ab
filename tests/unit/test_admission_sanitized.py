# SPDX-License-Identifier: Apache-2.0
"""The device engine under AddressSanitizer: harmed by some valid modules as they come, by none that admission has prepared."""

from __future__ import annotations

import subprocess
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from component_modules import HARMFUL, wat
from tests.support import wasm_soak

MODULES = 300


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sanitized")
    (folder / "probe.c").write_text("int main(void) { return 0; }\n")
    command = ["gcc", "-fsanitize=address", str(folder / "probe.c"), "-o", str(folder / "probe")]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("gcc does not link with -fsanitize=address: install libasan")
    return wasm_soak.build(folder)


def test_a_harmful_valid_module_is_noticed_raw_and_harmless_when_admitted(program: Path, tmp_path: Path) -> None:
    found = wasm_soak.feed(program, [wat(HARMFUL)], tmp_path)
    assert found is not None and "AddressSanitizer" in found[1]
    assert wasm_soak.feed(program, [wasm_soak.harmless(wat(HARMFUL))], tmp_path) is None


def test_random_and_mutated_modules_do_no_harm_once_admitted(program: Path, tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    batch = list(islice(wasm_soak.modules(MODULES, 1, outcomes), MODULES))
    found = wasm_soak.feed(program, batch, tmp_path)
    assert found is None, found[1]
    assert outcomes["admitted"] > MODULES // 2 and outcomes["flat"] <= MODULES // 50, outcomes
