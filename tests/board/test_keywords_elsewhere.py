# SPDX-License-Identifier: Apache-2.0
"""The same keywords in two other places: behind Robot's remote protocol, as Renode's are, and on a board that is attached."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from motet import boards
from motet.emulate import Emulator
from motet.emulate.keywords import runner, targets
from motet.emulate.keywords.job import PASS, SKIP, Job
from motet.paths import data

pytestmark = pytest.mark.board
Build = Callable[..., dict[str, object]]

OVER_THE_WIRE = """*** Settings ***
Library    Remote    {url}
*** Test Cases ***
A Board Boots Behind The Remote Protocol
    Execute Command    $bin=@{image}
    Execute Command    include @{script}
    ${{tester}}=    Create Terminal Tester    {uart}    timeout=20    defaultWaitForEcho=false
    Start Emulation
    ${{line}}=    Wait For Line On Uart    motet on (\\\\w+) after    testerId=${{tester}}    treatAsRegex=true
    Should Be Equal    ${{line.Groups}}[0]    stm32f405
    ${{word}}=    Execute Command    sysbus ReadDoubleWord 0x08000000
    Should Start With    ${{word}}    0x2
    Reset Emulation
"""


def test_robots_own_client_runs_a_board_through_the_remote_server(build: Build, tmp_path: Path) -> None:
    board = boards.load("stm32f405")
    variables = targets.variables(board)
    command = [sys.executable, str(Path(__file__).parents[2] / "tools/robot_server.py"), "--robot-server-port", "0", "--hide-log"]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)}) as server:
        port = tmp_path / f"renode-{server.pid}/robot_port"
        deadline = time.monotonic() + 20
        while not port.exists():
            assert server.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        (tmp_path / "wire.robot").write_text(
            OVER_THE_WIRE.format(
                url=f"http://127.0.0.1:{port.read_text()}",
                image=build(board.name)["elf"],
                script=variables["SCRIPT"],
                uart=variables["TEXT"],
            )
        )
        done = subprocess.run(
            [sys.executable, "-m", "robot", "--outputdir", str(tmp_path), str(tmp_path / "wire.robot")],
            capture_output=True,
            text=True,
        )
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
    assert done.returncode == 0, done.stdout


def test_an_attached_board_runs_what_it_can_and_skips_the_rest_with_the_reason(build: Build, tmp_path: Path) -> None:
    board = boards.load("virt_rv32")
    suites = [data("renode") / "suites" / name for name in ("boot.robot", "link.robot")]
    with Emulator(board, Path(str(build(board.name)["elf"]))) as emulator:
        job = Job(board.name, suites, tmp_path / "out", attached=emulator.url, variables=targets.variables(board))
        outcome = runner.run(job)
        pid = emulator.pid
        assert pid is not None and emulator.running
    found = {test.name: (test.status, test.message) for test in outcome.tests}
    assert found["Presence Is Announced"][0] == found["Tools Are Listed"][0] == PASS
    assert found["First Line Names The Board And The Reason"][0] == SKIP
    assert "cannot be switched on from here" in found["First Line Names The Board And The Reason"][1]
    assert "cannot be read from here" in found["Image Is Where The Core Looks For It"][1]
    assert outcome.exit_code == 0


def test_an_attached_port_that_is_not_there_fails_every_test_with_its_name(tmp_path: Path) -> None:
    board = boards.load("virt_rv32")
    suite = data("renode") / "suites/link.robot"
    job = Job(board.name, [suite], tmp_path / "out", attached="/dev/does-not-exist", variables=targets.variables(board))
    outcome = runner.run(job)
    assert outcome.exit_code == len(outcome.tests) > 0
    assert all("/dev/does-not-exist" in test.message for test in outcome.tests)
