# SPDX-License-Identifier: Apache-2.0
"""Runs every test file of this folder a second time, as one item, under MicroPython (see unittest_lite.py)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNER = Path(__file__).with_name("unittest_lite.py")
EDGE = Path(os.environ.get("MOTET_EDGE", ROOT / "build/edge/motet-edge"))
TIMEOUT_S = 110


class MicroPythonFailure(Exception):
    """The tests failed there; the text is what they printed."""


class MicroPythonItem(pytest.Item):
    """All tests of one file in one MicroPython process."""

    def runtest(self) -> None:
        if not EDGE.exists():
            reason = f"{EDGE} is missing: make -C firmware/edge"
            if os.environ.get("MOTET_CI"):
                raise MicroPythonFailure(reason)
            pytest.skip(reason)
        command = [str(EDGE), "-X", "heapsize=8m", str(RUNNER), str(self.path)]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT_S
        )
        self.add_report_section("call", "MicroPython", done.stdout)
        if done.returncode:
            raise MicroPythonFailure(f"exit status {done.returncode} of {' '.join(command)}\n{done.stdout}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if isinstance(excinfo.value, MicroPythonFailure):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name} on MicroPython"


class MicroPythonFile(pytest.File):
    def collect(self) -> Iterator[MicroPythonItem]:
        yield MicroPythonItem.from_parent(self, name="micropython")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.parent == RUNNER.parent and file_path.match("test_*.py"):
        return MicroPythonFile.from_parent(parent, path=file_path)
    return None
