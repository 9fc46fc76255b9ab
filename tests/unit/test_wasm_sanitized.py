# SPDX-License-Identifier: Apache-2.0
"""The wasm engine in C under ASan and UBSan: damaged modules and failing allocations end in errors and leave nothing behind.

wasm3 itself is watched by ASan only. It is known to be unsafe with some valid but unusual modules, which is why admission
normalises modules before they come here; what is asserted below is asserted for the fixtures and their damaged copies.
"""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.support.native import ROOT, sanitized_engine

DRIVER = ROOT / "tests/support/wasm_sanitized.c"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sanitized_engine(DRIVER, tmp_path_factory.mktemp("sanitized"), "-fsanitize=address")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    spec = importlib.util.spec_from_file_location("fixtures_wasm", ROOT / "tests/dual/fixtures_wasm.py")
    assert spec is not None and spec.loader is not None
    fixtures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fixtures)
    folder = tmp_path_factory.mktemp("modules")
    paths = []
    for name in sorted(name for name in vars(fixtures) if name.isupper()):
        path = folder / f"{name.lower()}.wasm"
        path.write_bytes(getattr(fixtures, name))
        paths.append(str(path))
    return paths


def run(driver: Path, way: str, modules: list[str]) -> tuple[int, int]:
    """How many modules were tried and how many loaded."""
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0"}
    done = subprocess.run([str(driver), way, *modules], capture_output=True, text=True, env=environment, timeout=100)
    assert done.returncode == 0, done.stderr[-4000:]
    tried, loaded = re.fullmatch(r"(\d+) tried, (\d+) loaded\n", done.stdout).groups()  # type: ignore[union-attr]
    return int(tried), int(loaded)


def test_every_truncation_is_harmless(driver: Path, modules: list[str]) -> None:
    tried, loaded = run(driver, "truncate", modules)
    assert tried > 1000
    assert len(modules) // 2 < loaded < tried // 10


def test_flipped_bits_and_extreme_bytes_are_harmless(driver: Path, modules: list[str]) -> None:
    tried, loaded = run(driver, "mutate", modules)
    assert tried > 12000
    assert loaded > tried // 20


def test_every_failing_allocation_is_survived(driver: Path, modules: list[str]) -> None:
    tried, loaded = run(driver, "starve", modules)
    assert tried > 100
    assert loaded > len(modules)
