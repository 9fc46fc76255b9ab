# SPDX-License-Identifier: Apache-2.0
"""How `motet hil` shares boards out and ends early. What a board's runner would report is made up here; the end-to-end
tests run real suites on emulated boards."""

from __future__ import annotations

import threading

import pytest
from tests.support import images

from motet.emulate.keywords.job import Job, Outcome, TestResult
from motet.emulate.machine import EmulatorError
from motet.hil import Hil, Options, Status, targets

# Ports elsewhere: whether they answer is the runner's matter.
PORTS = [f"socket://127.0.0.1:{number}" for number in (1, 2, 3)]
NAMES = [f"esp32c3={port}" for port in PORTS]


@pytest.fixture
def hil(tmp_path):
    images.board(tmp_path, "esp32c3")
    events = []

    def make(runner, words=NAMES, **options):
        chosen = Options(tmp_path / "out", **options)
        one = Hil(targets(words, tmp_path), [tmp_path / "boot.robot"], chosen, lambda *event: events.append(event), runner)
        one.events = events
        return one

    return make


def outcome(job, *statuses):
    tests = tuple(TestResult("boot", f"test {n}", status, elapsed_s=0.5) for n, status in enumerate(statuses))
    return Outcome(job, tests, job.output / "output.xml", job.output / "junit.xml", statuses.count("FAIL"))


def passing(job, on_event, cancel):
    return outcome(job, "PASS")


def test_every_board_gets_its_own_job_with_its_port_and_folder(hil):
    jobs: list[Job] = []

    def runner(job, on_event, cancel):
        jobs.append(job)
        return outcome(job, "PASS")

    run = hil(runner, include=["smoke"], fail_strings=["panic"]).run()
    assert run.passed and [board.label for board in run.boards] == ["esp32c3", "esp32c3-2", "esp32c3-3"]
    assert [(job.attached, job.output.name) for job in jobs] == [
        (PORTS[0], "esp32c3"),
        (PORTS[1], "esp32c3-2"),
        (PORTS[2], "esp32c3-3"),
    ]
    assert jobs[0].include == ("smoke",) and jobs[0].fail_strings == ("panic",)


@pytest.mark.parametrize("jobs", [1, 2])
def test_as_many_boards_run_at_once_as_were_asked_for(hil, jobs):
    running, most, both = 0, 0, threading.Condition()

    def runner(job, on_event, cancel):
        nonlocal running, most
        with both:
            running += 1
            most = max(most, running)
            both.notify_all()
            # Waits for a second one, which with one job at a time never comes.
            both.wait_for(lambda: most > 1, timeout=5 if jobs > 1 else 0.05)
            running -= 1
        return outcome(job, "PASS")

    assert hil(runner, jobs=jobs).run().passed
    assert most == jobs


def test_a_board_that_cannot_be_used_does_not_stop_the_others(hil):
    def runner(job, on_event, cancel):
        if job.attached == PORTS[1]:
            raise EmulatorError("no such port")
        return outcome(job, "PASS")

    run = hil(runner).run()
    assert [board.error for board in run.boards] == ["", "no such port", ""]
    assert [board.passed for board in run.boards] == [True, False, True] and not run.passed


def test_a_port_that_is_not_there_is_the_boards_error_before_any_test(hil):
    run = hil(passing, ["esp32c3=/dev/nosuchport", NAMES[0]]).run()
    assert "plugged in" in run.boards[0].error and not run.boards[0].tests and run.boards[1].passed


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (TestResult("boot", "a", "FAIL", "exit-on-failure mode is in use", tags=("robot:exit",)), Status.NOT_RUN),
        (TestResult("boot", "a", "SKIP", "did not run: cancelled"), Status.NOT_RUN),
        (TestResult("boot", "a", "SKIP", "no flash on this board"), Status.SKIP),
        (TestResult("boot", "a", "NOT RUN"), Status.NOT_RUN),
    ],
)
def test_a_test_that_did_not_run_is_neither_failed_nor_skipped(hil, result, status):
    def runner(job, on_event, cancel):
        return Outcome(job, (result,), job.output / "output.xml", job.output / "junit.xml", 0)

    assert hil(runner, NAMES[:1]).run().boards[0].tests[0].status is status


def test_the_first_failure_ends_everything_when_asked_to(hil):
    def runner(job, on_event, cancel):
        on_event({"event": "end", "suite": "boot", "test": "boots", "status": "FAIL"})
        return outcome(job, "FAIL")

    run = hil(runner, fail_fast=True).run()
    assert "boots failed" in run.stopped
    assert [len(board.tests) for board in run.boards] == [1, 0, 0]
    assert all("not begun" in board.error for board in run.boards[1:])


def test_without_fail_fast_every_board_runs_to_its_end(hil):
    def runner(job, on_event, cancel):
        on_event({"event": "end", "suite": "boot", "test": "boots", "status": "FAIL"})
        return outcome(job, "FAIL")

    run = hil(runner).run()
    assert not run.stopped and [len(board.tests) for board in run.boards] == [1, 1, 1]


def test_stopping_reaches_the_runner_and_the_first_reason_stays(hil):
    def runner(job, on_event, cancel):
        one.stop("interrupted")
        one.stop("something later")
        assert cancel.wait(10)
        return outcome(job, "PASS", "NOT_RUN")

    one = hil(runner, NAMES[:1])
    run = one.run()
    assert run.stopped == "interrupted" and not run.passed
    assert [test.status for test in run.boards[0].tests] == [Status.PASS, Status.NOT_RUN]


def test_a_runner_that_ends_without_a_test_is_an_error_with_its_code(hil):
    def runner(job, on_event, cancel):
        return Outcome(job, (), job.output / "output.xml", job.output / "junit.xml", 252)

    (board,) = hil(runner, NAMES[:1]).run().boards
    assert "252" in board.error


def test_a_uart_log_is_kept_with_its_end_when_it_is_long(hil):
    def runner(job, on_event, cancel):
        log = job.output / "link.log"
        log.write_bytes(b"x" * 300_000 + b"\xffHARDFAULT")
        result = TestResult("boot", "boots", "PASS", uart_logs=(log, job.output / "gone.log"))
        return Outcome(job, (result,), job.output / "output.xml", job.output / "junit.xml", 0)

    ((log,),) = [test.logs for test in hil(runner, NAMES[:1]).run().boards[0].tests]
    assert log.name == "link" and log.text.endswith("HARDFAULT") and len(log.text) < 101_000
    assert "200010 characters" in log.text


def test_frames_between_the_text_of_one_uart_are_left_out_of_its_log(hil):
    def runner(job, on_event, cancel):
        log = job.output / "uart0.log"
        log.write_bytes(b'motet on virt_rv32 after power_on\n\x00\x07ab\xff\xfe1\x80\x00  File "rpc.py", line 7\n\x00\x01')
        result = TestResult("boot", "boots", "PASS", uart_logs=(log,))
        return Outcome(job, (result,), job.output / "output.xml", job.output / "junit.xml", 0)

    ((log,),) = [test.logs for test in hil(runner, NAMES[:1]).run().boards[0].tests]
    assert log.text == 'motet on virt_rv32 after power_on\n …   File "rpc.py", line 7\n … '


def test_what_an_earlier_run_left_of_a_board_is_gone(hil, tmp_path):
    stale = tmp_path / "out" / "esp32c3" / "snapshot"
    stale.parent.mkdir(parents=True)
    stale.write_text("")
    hil(passing, NAMES[:1]).run()
    assert not stale.exists()


def test_coverage_of_an_attached_board_is_a_note_and_no_failure(hil):
    run = hil(passing, NAMES[:1], coverage=True).run()
    assert run.passed and "no coverage" in run.notes[0] and PORTS[0] in run.notes[0]


def test_events_say_which_board_they_are_of_from_its_start_to_its_end(hil):
    one = hil(passing, NAMES[:2])
    one.run()
    assert [(label, event["event"]) for label, event in one.events] == [
        ("esp32c3", "board_start"),
        ("esp32c3", "board_end"),
        ("esp32c3-2", "board_start"),
        ("esp32c3-2", "board_end"),
    ]
