# SPDX-License-Identifier: Apache-2.0
"""`motet flash` as a user types it: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support import images
from tests.support.esp32c3_rom import Faults, VirtualRom

ROOT = Path(__file__).resolve().parents[2]
# The command with a folder of boards of the tests.
_RUN = """
import sys
from pathlib import Path
import motet.boards, motet.cli.main
folder = Path(sys.argv.pop(1))
motet.boards.data = lambda name: folder
motet.cli.main.app()
"""


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-c", _RUN, str(folder), "flash", *arguments]


@pytest.fixture
def run(tmp_path):
    images.board(tmp_path, "esp32c3")
    image = images.binary(tmp_path, "esp32c3")

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        words = command(tmp_path, "esp32c3", "--image", str(image), *arguments)
        return subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=ROOT)

    return start


def test_success_is_one_json_object_and_a_second_run_says_that_nothing_was_to_do(run):
    with VirtualRom() as rom:
        first = run("--port", rom.port, "--json")
    with VirtualRom(flash=rom.flash) as again:
        second = run("--port", again.port)
    facts = json.loads(first.stdout)
    assert (first.returncode, facts["board"], facts["method"], facts["written"]) == (0, "esp32c3", "esptool", True)
    assert second.returncode == 0 and "already" in second.stdout


def test_progress_goes_to_standard_error_and_the_answer_to_standard_output(run):
    with VirtualRom() as rom:
        done = run("--port", rom.port)
    assert "writing" in done.stderr and done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--port", "/dev/nosuchport"), 3, "plugged in"),
        (("--image", "/nosuchimage"), 2, "cannot read the image"),
        (("--method", "telepathy"), 2, "its methods are: esptool"),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(run, arguments, code, said):
    done = run(*arguments)
    assert done.returncode == code and said in done.stderr


def test_a_wrong_chip_fails_with_1_and_as_json_when_asked(run):
    with VirtualRom(Faults(chip_id=9)) as rom:
        done = run("--port", rom.port, "--json")
    assert done.returncode == 1 and "ESP32-S3" in json.loads(done.stdout)["error"]


def test_an_unknown_board_lists_the_known_ones(tmp_path):
    images.board(tmp_path, "rp2040")
    done = subprocess.run(command(tmp_path, "nosuch"), capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 2 and "rp2040" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_by_a_signal_it_takes_the_flashing_program_along(tmp_path, number):
    images.board(tmp_path, "esp32c3")
    image = images.binary(tmp_path, "esp32c3")
    with VirtualRom(Faults(silent=True)) as rom:
        words = command(tmp_path, "esp32c3", "--image", str(image), "--port", rom.port)
        with subprocess.Popen(words, stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True) as process:
            children = _children(process.pid, "write-flash")
            os.kill(process.pid, number)
            assert process.wait(30) == 130
        assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def _children(parent: int, word: str) -> list[int]:
    """Children of a process whose command holds `word`; waits until there is one."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        found = [int(pid) for pid in listed if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"no child {word} within 30 s")
