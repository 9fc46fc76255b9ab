# SPDX-License-Identifier: Apache-2.0
"""Fetching sources: at the same time, and from a download that does not hold what it should."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = ROOT / "third_party/cache/pywasm3-0.5.0.tar.gz"


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    """`fetch.py wasm3` in a checkout that has nothing else."""
    script = folder / "tools/fetch.py"
    script.parent.mkdir(exist_ok=True)
    for source in (ROOT / "tools").glob("fetch*.py"):
        if not (script.parent / source.name).exists():
            shutil.copy(source, script.parent)
    command = [sys.executable, str(script), "wasm3"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **environment})


def test_builds_at_the_same_time_fetch_once(tmp_path: Path) -> None:
    if not ARCHIVE.exists():
        pytest.skip(f"{ARCHIVE.relative_to(ROOT)} is missing: tools/fetch.py wasm3")
    running = [start(tmp_path, MOTET_SOURCE_CACHE=str(ARCHIVE.parent)) for _ in range(4)]
    outputs = [process.communicate(timeout=100) for process in running]
    assert [process.returncode for process in running] == [0] * 4, outputs
    assert sorted(out for out, _ in outputs) == ["", "", "", "fetch: wasm3 0.5.0 (pywasm3 sdist)\n"]
    assert (tmp_path / "third_party/wasm3/wasm3.h").exists()


def test_a_download_without_the_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "pip.py").write_text("")  # stands before the real one and downloads nothing
    process = start(tmp_path, MOTET_SOURCE_CACHE=str(tmp_path / "cache"), PYTHONPATH=str(tmp_path))
    _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (1, "fetch: pywasm3-0.5.0.tar.gz is not among what was downloaded\n")
