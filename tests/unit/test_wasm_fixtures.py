# SPDX-License-Identifier: Apache-2.0
"""The assembled fixtures are those of the sources beside them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/make_fixtures.py"


@pytest.mark.skipif(shutil.which("wat2wasm") is None, reason="wat2wasm (wabt) is not installed")
def test_the_wasm_fixtures_are_current() -> None:
    done = subprocess.run([sys.executable, str(TOOL), "--check"])
    assert done.returncode == 0, "run tools/make_fixtures.py"
