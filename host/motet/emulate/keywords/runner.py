# SPDX-License-Identifier: Apache-2.0
"""Runs suites on boards: one child process a board, events as they happen, one report of all in the end."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from motet.emulate.keywords.job import FAIL, SKIP, Job, Outcome, TestResult
from motet.emulate.process import Child

OnEvent = Callable[[dict[str, Any]], None]
_LAST_WORDS_S = 5.0
_NOTHING_RAN, _CANCELLED = 252, 253


class RunnerError(Exception):
    """No job can be run here; the message says what to do."""


def run(job: Job, on_event: OnEvent | None = None, cancel: threading.Event | None = None) -> Outcome:
    """Run one job to its end. Never raises for what tests or the board do.

    on_event: called in another thread with dictionaries {"event": "suite_start" | "start" | "uart" | "log" | "fail_string" |
    "end", "suite": ..., "test": ..., ...}. cancel: when set, the child is interrupted, and killed after 5 s; tests that did
    not run come out as skipped. Raises RunnerError without Robot Framework, OSError when the output folder cannot be made.
    """
    if find_spec("robot") is None:
        raise RunnerError("Robot Framework is missing; install it with: pip install 'motet[robot]'")
    job.output.mkdir(parents=True, exist_ok=True)
    for stale in ("output.xml", "junit.xml"):
        (job.output / stale).unlink(missing_ok=True)
    order = job.output / "job.json"
    order.write_text(job.dumps())
    collected = _Collected(on_event or (lambda _: None))
    reading, writing = os.pipe()
    reader = threading.Thread(target=collected.read, args=(reading,), daemon=True)
    log = job.output / "runner.log"
    log.write_bytes(b"")
    try:
        command = [sys.executable, "-m", "motet.emulate.keywords.child", str(order), str(writing)]
        child = Child(command, log, inherit=(writing,))
    finally:
        os.close(writing)
        reader.start()
    why = _wait(child, job.timeout_s, cancel)
    reader.join()
    return _outcome(job, collected, why, log)


def run_all(
    jobs: Sequence[Job], parallel: int = 2, on_event: Callable[[Job, dict[str, Any]], None] | None = None
) -> list[Outcome]:
    """Run jobs side by side, ``parallel`` at a time; outcomes in the order of the jobs."""
    tell = on_event or (lambda *_: None)
    cancel = threading.Event()
    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        futures = [pool.submit(run, job, lambda event, job=job: tell(job, event), cancel) for job in jobs]  # type: ignore[misc]
        try:
            return [future.result() for future in futures]
        except BaseException:
            cancel.set()
            raise


def merge(outcomes: Sequence[Outcome], folder: Path, name: str = "Motet") -> int:
    """One output.xml, junit.xml, log.html and report.html of all outcomes; the number of failed tests, at most 250."""
    import robot

    folder.mkdir(parents=True, exist_ok=True)
    files = [str(outcome.output_xml) for outcome in outcomes if outcome.output_xml.exists()]
    if files:
        names = {"output": "output.xml", "xunit": "junit.xml", "log": "log.html", "report": "report.html"}
        robot.rebot(*files, name=name, outputdir=str(folder), stdout=io.StringIO(), **names)
    return min(250, sum(outcome.count(FAIL) for outcome in outcomes))


class _Collected:
    """Events of a child, put together."""

    def __init__(self, on_event: OnEvent) -> None:
        self.planned: list[tuple[str, str, tuple[str, ...]]] = []
        self.done: dict[tuple[str, str], TestResult] = {}
        self.running: tuple[str, str] | None = None
        self._on_event = on_event

    def read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, errors="replace") as lines:
            for line in lines:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    event = json.loads(line)
                    self._take(event)
                    self._on_event(event)

    def _take(self, event: dict[str, Any]) -> None:
        if event["event"] == "suite_start":
            self.planned += [(event["suite"], test["name"], tuple(test["tags"])) for test in event["tests"]]
        elif event["event"] == "start":
            self.running = (event["suite"], event["test"])
        elif event["event"] == "end":
            self.running = None
            self.done[event["suite"], event["test"]] = TestResult(
                event["suite"],
                event["test"],
                event["status"],
                event["message"],
                event["elapsed_s"],
                tuple(event["tags"]),
                tuple(Path(path) for path in event["uart_logs"]),
                event["instructions"],
            )


def _wait(child: Child, seconds: float, cancel: threading.Event | None) -> str:
    """Why the child was stopped; empty when it ended by itself."""
    deadline = time.monotonic() + seconds
    why = ""
    while not why and not child.wait(0.1):
        if cancel is not None and cancel.is_set():
            why = "cancelled"
        elif time.monotonic() > deadline:
            why = f"the job took more than {seconds:.0f} s"
    if why:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGINT)
        if not child.wait(_LAST_WORDS_S):
            child.kill()
    return why


def _outcome(job: Job, collected: _Collected, why: str, log: Path) -> Outcome:
    tests = []
    for suite, name, tags in collected.planned:
        result = collected.done.get((suite, name))
        if result is None:
            interrupted = collected.running == (suite, name)
            reason = why or f"the runner ended: {_tail(log)}"
            status = FAIL if interrupted and why != "cancelled" else SKIP
            result = TestResult(suite, name, status, reason if interrupted else f"did not run: {reason}", tags=tags)
        tests.append(result)
    failed = sum(test.status == FAIL for test in tests)
    code = _CANCELLED if why == "cancelled" else min(250, failed) if tests else _NOTHING_RAN
    if code == 0 and why:
        code = _NOTHING_RAN
    return Outcome(job, tuple(tests), job.output / "output.xml", job.output / "junit.xml", code)


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return " | ".join(lines[-3:]) or "without a word"
