# SPDX-License-Identifier: Apache-2.0
"""A file in the place of flash: for the device core as a process, on CPython and on MicroPython, killed at any moment."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from motet_native import store

from motet_core import platform

EDGE = Path(os.environ.get("MOTET_EDGE", Path(__file__).resolve().parents[2] / "build/edge/motet-edge"))
CORE = [sys.executable, "-m", "motet_core"]
WRITER = """
import sys
from motet_core import platform
from motet_native import store
kept = store.Store(platform.flash_file(sys.argv[1]), "linux")
number = int(kept.get("n", "count") or b"0")
while True:
    number += 1
    kept.put("n", "count", b"%d" % number)
    print(number, flush=True)
"""


def programs() -> list[list[str]]:
    return [CORE, [str(EDGE)]] if EDGE.exists() or os.environ.get("MOTET_CI") else [CORE]


@pytest.mark.parametrize("program", programs(), ids=lambda program: Path(program[0]).name)
def test_a_device_makes_its_flash_file_and_refuses_another_one(program: list[str], tmp_path: Path) -> None:
    path = tmp_path / "flash"
    command = [*program, "--listen", "127.0.0.1:0", "--flash", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline().startswith("listening")
        process.kill()
    assert path.stat().st_size == len(memoryview(platform.flash_file(str(path))))
    path.write_bytes(b"short")
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "has 5 bytes" in done.stderr
    assert path.read_bytes() == b"short"


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="flash"):
        platform.flash_file(str(tmp_path / "none" / "flash"))


def test_no_acknowledged_value_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path, acknowledged = tmp_path / "flash", 0
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for _ in range(40):
                acknowledged = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            acknowledged = max([acknowledged, *map(int, process.stdout.read().split("\n")[:-1])])
        found = int(store.Store(platform.flash_file(str(path)), "linux").get("n", "count") or b"0")
        assert found in (acknowledged, acknowledged + 1)
