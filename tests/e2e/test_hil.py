# SPDX-License-Identifier: Apache-2.0
"""`motet hil` as a user types it, on emulated boards and on one that stands at a serial port."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.support.serial_port import SerialPort
from tests.support.system import MOTET, descendants

from motet.emulate import create

pytestmark = [pytest.mark.board, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
SUITES = Path(__file__).parent / "hil"
BOARDS = ("stm32f405", "virt_rv32")
BOTH = [word for board in BOARDS for word in ("--board", board)]


@pytest.fixture(scope="module", autouse=True)
def images() -> None:
    for board in BOARDS:
        built = subprocess.run([sys.executable, "tools/build.py", "firmware", board], cwd=ROOT, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr


class Hil:
    """Runs the command with its output in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, *words: str) -> list[str]:
        return [*MOTET, "hil", "--output", str(self.folder), *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=110, cwd=ROOT)

    def json(self, *words: str) -> tuple[int, dict]:
        done = self.run("--json", *words)
        assert done.stdout.count("\n") == 1, done.stderr
        return done.returncode, json.loads(done.stdout)

    @property
    def report(self) -> str:
        return (self.folder / "report.html").read_text()


@pytest.fixture
def hil(tmp_path):
    return Hil(tmp_path / "out")


def statuses(board: dict) -> dict[str, str]:
    return {test["name"]: test["status"] for test in board["tests"]}


def suite(name: str) -> str:
    return str(SUITES / f"{name}.robot")


def test_failures_of_one_suite_are_told_apart_from_what_passed_on_every_board(hil):
    code, result = hil.json(*BOTH, "-j2", suite("passing"), suite("failing"))
    assert code == 1 and not result["passed"]
    assert [board["label"] for board in result["boards"]] == list(BOARDS)
    for board in result["boards"]:
        assert statuses(board) == {
            "Vital Signs Are Read": "PASS",
            "A Component Is Installed And Called": "PASS",
            "A Board That Is Well": "PASS",
            "A Line That Nobody Says": "FAIL",
            "A Fault That Nobody Expects": "FAIL",
            "A Board That Is Well Again": "PASS",
        }
        (fault,) = [test for test in board["tests"] if test["name"] == "A Fault That Nobody Expects"]
        assert ("HARDFAULT" if board["label"] == "stm32f405" else "TRAP mcause") in fault["message"]
    root = ElementTree.parse(hil.folder / "junit.xml").getroot()
    assert sum(int(one.get("failures")) for one in root.findall("testsuite")) == 4
    assert hil.report.count("HARDFAULT") >= 1 and "nobody says this" in hil.report


def test_fail_fast_ends_all_boards_with_the_first_failure(hil):
    code, result = hil.json(*BOTH, "-j1", "--fail-fast", suite("failing"))
    first, second = result["boards"]
    assert code == 1 and "A Line That Nobody Says failed" in result["stopped"]
    assert statuses(first)["A Board That Is Well Again"] != "PASS"
    assert second["tests"] == [] and "not begun" in second["error"]


def test_an_attached_board_runs_the_same_suite_beside_an_emulated_one(hil):
    with create("virt_rv32") as machine, SerialPort(machine.port) as serial:
        code, result = hil.json("--board", "stm32f405", "--board", f"virt_rv32={serial.port}", "-j2", suite("passing"))
    emulated, attached = result["boards"]
    assert code == 0, result
    assert (emulated["how"], attached["how"]) == ("emulated by qemu", f"attached at {serial.port}")
    assert set(statuses(attached).values()) == {"PASS"} and len(attached["tests"]) == 2


def test_coverage_tells_lines_of_the_firmware_that_ran(hil):
    code, result = hil.json("--board", "virt_rv32", "--coverage", suite("passing"))
    trace = (hil.folder / "coverage.info").read_text()
    assert code == 0 and 10 < result["coverage_percent"] < 90
    assert f"SF:{ROOT / 'firmware' / 'native' / 'frame' / 'link.c'}" in trace
    assert "lines ran on at least one emulated board" in hil.report


def test_ctrl_c_writes_the_reports_of_what_ran_and_leaves_no_process_behind(hil):
    with subprocess.Popen(
        hil.command("--board", "virt_rv32", suite("endless")), stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if "PASS" in line and "A Board That Is Well" in line:
                break
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        assert process.wait(60) == 130
    assert children and not any(Path(f"/proc/{pid}").exists() for pid in children)
    result = json.loads((hil.folder / "summary.json").read_text())
    assert result["stopped"] == "interrupted"
    assert statuses(result["boards"][0])["A Board That Is Well"] == "PASS"
    assert statuses(result["boards"][0])["What Comes Thereafter"] == "NOT_RUN"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "name the boards"),
        (("--board", "nosuch"), 2, "no board is called"),
        (("--board", "virt_rv32", "nosuch"), 2, "no suite is called"),
        (("--board", "virt_rv32="), 2, "comes the port"),
        (("--board", "virt_rv32=/dev/a", "--board", "stm32f405=/dev/a"), 2, "same port"),
    ],
)
def test_wrong_words_are_wrong_usage(hil, words, code, said):
    done = hil.run(*words)
    assert done.returncode == code and said in done.stderr
    assert not (hil.folder / "report.html").exists()


def test_a_board_that_is_not_at_its_port_does_not_stop_the_others(hil):
    code, result = hil.json("--board", "stm32f405", "--board", "virt_rv32=/dev/nosuchport", "-j2", suite("passing"))
    emulated, attached = result["boards"]
    assert code == 3 and emulated["passed"] and not attached["passed"]
    assert "/dev/nosuchport" in attached["error"]


def test_a_suite_that_is_no_suite_is_told_with_where_to_look(hil, tmp_path):
    (broken := tmp_path / "broken.robot").write_text("this is not a suite\n")
    code, result = hil.json("--board", "virt_rv32", str(broken))
    assert code == 3 and "Robot Framework" in result["boards"][0]["error"]
