# SPDX-License-Identifier: Apache-2.0
"""The runner without a board: events, results, cancellation, and a child that dies."""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from motet.emulate.keywords import runner
from motet.emulate.keywords.job import FAIL, PASS, SKIP, Job, Outcome

GOOD = "*** Test Cases ***\nPasses\n    Should Be Equal    ${BOARD}    stm32f405\n"
MIXED = """*** Test Cases ***
Passes
    Log    fine    level=WARN
Fails
    Fail    on purpose
For Renode
    [Documentation]    QEMU has no such watchdog.
    [Tags]    renode_only
    Fail    never reached
Cannot Be Done Here
    Create Led Tester    sysbus.led
"""
SLOW = "*** Test Cases ***\nFirst\n    No Operation\nEndless\n    Sleep    600 s\nNever\n    No Operation\n"


def job(folder: Path, text: str, **options: Any) -> Job:
    suite = folder / "my suite.robot"
    suite.write_text(text)
    return Job("stm32f405", [suite], folder / "out", **options)


def statuses(outcome: Outcome) -> dict[str, str]:
    return {test.name: test.status for test in outcome.tests}


def test_a_suite_runs_and_leaves_robots_and_junits_files(tmp_path: Path) -> None:
    outcome = runner.run(job(tmp_path, GOOD))
    assert outcome.exit_code == 0 and statuses(outcome) == {"Passes": PASS}
    assert outcome.tests[0].suite == "my suite" and outcome.tests[0].instructions is None
    assert outcome.output_xml.exists()
    assert ET.parse(outcome.xunit).getroot().get("failures") == "0"


def test_failures_skips_and_their_reasons_are_told_as_they_happen(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    outcome = runner.run(job(tmp_path, MIXED), events.append)
    assert statuses(outcome) == {"Passes": PASS, "Fails": FAIL, "For Renode": SKIP, "Cannot Be Done Here": SKIP}
    messages = {test.name: test.message for test in outcome.tests}
    assert messages["Fails"] == "on purpose"
    assert messages["For Renode"] == "renode_only: QEMU has no such watchdog."
    assert "no LEDs" in messages["Cannot Be Done Here"]
    assert outcome.exit_code == 1
    kinds = [event["event"] for event in events]
    assert kinds[0] == "suite_start" and kinds.count("start") == kinds.count("end") == 4
    assert {"event": "log", "suite": "my suite", "test": "Passes", "message": "fine"} in events


def test_the_first_failure_ends_the_job_when_that_is_wanted(tmp_path: Path) -> None:
    outcome = runner.run(job(tmp_path, MIXED.replace("Passes\n    Log    fine    level=WARN\n", ""), fail_fast=True))
    assert statuses(outcome)["Fails"] == FAIL
    assert "never reached" not in str(outcome.tests)


def test_a_cancelled_job_says_what_did_not_run(tmp_path: Path) -> None:
    cancel = threading.Event()

    def watch(event: dict[str, Any]) -> None:
        if event["event"] == "start" and event["test"] == "Endless":
            cancel.set()

    started = time.monotonic()
    outcome = runner.run(job(tmp_path, SLOW), watch, cancel)
    assert time.monotonic() - started < 60
    assert outcome.exit_code == 253
    assert statuses(outcome)["First"] == PASS and statuses(outcome)["Endless"] != PASS and statuses(outcome)["Never"] != PASS


def test_a_job_that_takes_too_long_is_ended_and_fails(tmp_path: Path) -> None:
    outcome = runner.run(job(tmp_path, SLOW, timeout_s=3.0))
    assert outcome.exit_code != 0 and statuses(outcome)["Never"] != PASS


@pytest.mark.parametrize("text", ["", "*** Test Cases ***\n", "*** Nonsense ***\nx\n"])
def test_a_suite_without_tests_is_no_success(tmp_path: Path, text: str) -> None:
    outcome = runner.run(job(tmp_path, text))
    assert outcome.exit_code == 252 and not outcome.tests


def test_a_child_that_dies_in_the_middle_fails_its_test_and_skips_the_rest(tmp_path: Path) -> None:
    text = "*** Test Cases ***\nDies\n    Evaluate    os._exit(7)    modules=os\nNever\n    No Operation\n"
    outcome = runner.run(job(tmp_path, text))
    assert statuses(outcome) == {"Dies": FAIL, "Never": SKIP}
    assert "the runner ended" in outcome.tests[0].message and "did not run" in outcome.tests[1].message


def test_several_jobs_run_side_by_side_into_one_report(tmp_path: Path) -> None:
    jobs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        jobs.append(job(tmp_path / name, GOOD if name == "one" else MIXED, label=name))
    seen: list[str] = []
    outcomes = runner.run_all(jobs, 2, lambda of, event: seen.append(of.name))
    assert [outcome.job.name for outcome in outcomes] == ["one", "two"] and set(seen) == {"one", "two"}
    assert runner.merge(outcomes, tmp_path / "all") == 1
    report = ET.parse(tmp_path / "all/junit.xml").getroot()
    assert (report.get("tests"), report.get("failures"), report.get("skipped")) == ("5", "1", "2")
    assert (tmp_path / "all/log.html").exists() and (tmp_path / "all/output.xml").exists()


def test_a_job_survives_the_way_to_its_process(tmp_path: Path) -> None:
    made = job(tmp_path, GOOD, firmware=tmp_path / "x.elf", variables={"A": "b"}, qemu_arguments=("-d", "in_asm"))
    again = Job.loads(made.dumps())
    assert (again.firmware, again.output, list(again.suites)) == (made.firmware, made.output, list(made.suites))
    assert list(again.qemu_arguments) == ["-d", "in_asm"] and again.variables == {"A": "b"}
