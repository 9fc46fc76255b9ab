# SPDX-License-Identifier: Apache-2.0
"""Runs the suites on all boards, some at once; every board has its own process of Robot Framework and its own emulator."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from motet.boards import Qemu
from motet.components.errors import ComponentError
from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.job import FAIL_STRINGS, SKIP, Job, Outcome, TestResult
from motet.emulate.keywords.runner import run as run_job
from motet.emulate.keywords.targets import variables
from motet.emulate.machine import EmulatorError
from motet.flashing import FlashError
from motet.flashing.ports import check
from motet.hil import coverage
from motet.hil.artifacts import artifacts
from motet.hil.figures import measured
from motet.hil.model import LOG_CHARACTERS, BoardRun, Case, Log, Run, Status
from motet.hil.targets import Target
from motet.paths import repository

# One instruction per translation makes QEMU about this much slower, start and end of a test included.
_COVERAGE_FACTOR = 3.0
# Every frame ends with a zero, which no text has. Between frames' bytes, a few printable ones are no text either.
_FRAME_END = "\0"
_FRAMES = re.compile(r"[^\t\n\x20-\x7e]+(?:[\t\n\x20-\x7e]{1,4}[^\t\n\x20-\x7e]+)*")
Event = Mapping[str, Any]
# Told of what happens on a board: its label and the event as the runner gives it.
OnEvent = Callable[[str, Event], None]
Runner = Callable[..., Outcome]


@dataclass(frozen=True)
class Options:
    """How to run. `output`: folder for logs, one below it per board; what an earlier run left of a board there goes."""

    output: Path
    jobs: int = 1
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    fail_strings: Sequence[str] = FAIL_STRINGS
    fail_fast: bool = False
    coverage: bool = False
    timeout_s: float = 600.0
    variables: Mapping[str, str] = field(default_factory=dict)


class Hil:
    """`run()` once. `stop(why)` from any thread ends it early: what runs is interrupted, the rest is not begun."""

    def __init__(
        self, targets: Sequence[Target], suites: Sequence[Path], options: Options, on_event: OnEvent, runner: Runner = run_job
    ):
        self._targets, self._suites, self._options = list(targets), list(suites), options
        self._on_event, self._runner = on_event, runner
        self._cancel, self._lock = threading.Event(), threading.Lock()
        self._stopped = ""
        self._artifacts: dict[str, str] = {}

    def stop(self, why: str) -> None:
        """End early; the first reason is the one that is reported."""
        with self._lock:
            self._stopped = self._stopped or why
        self._cancel.set()

    def run(self) -> Run:
        """The run, when every board is done. Whatever goes wrong with a board is in its result."""
        started, before, notes = datetime.now(UTC), time.monotonic(), []
        try:
            self._artifacts = artifacts(self._options.output / "artifacts")
        except (ComponentError, OSError) as error:
            notes.append(f"no artifacts to install, tests that need them fail: {error}")
        with ThreadPoolExecutor(self._options.jobs, thread_name_prefix="board") as pool:
            futures: list[Future[tuple[BoardRun, list[str]]]] = [pool.submit(self._board, target) for target in self._targets]
            wait(futures)
        results = [future.result() for future in futures]
        notes += [note for _, found in results for note in found]
        names = [suite.stem for suite in self._suites]
        boards = [board for board, _ in results]
        return Run(started.isoformat(timespec="seconds"), names, boards, time.monotonic() - before, self._stopped, notes)

    def _board(self, target: Target) -> tuple[BoardRun, list[str]]:
        result = BoardRun(target.label, target.board.name, target.board.title, target.how)
        notes: list[str] = []
        if self._cancel.is_set():
            result.error = f"not begun: {self._stopped}"
            return result, notes
        before = time.monotonic()
        self._on_event(target.label, {"event": "board_start"})
        try:
            if target.attached:
                check(target.attached)
            self._suites_on(target, result, notes)
        except (EmulatorError, FlashError, KeywordError, OSError, ValueError) as error:
            result.error = str(error)
        result.seconds = time.monotonic() - before
        self._on_event(target.label, {"event": "board_end", "passed": result.passed, "error": result.error})
        return result, notes

    def _suites_on(self, target: Target, result: BoardRun, notes: list[str]) -> None:
        folder = self._options.output / target.label
        shutil.rmtree(folder, ignore_errors=True)
        traces = folder / "executed"
        traces.mkdir(parents=True)
        covered = self._options.coverage and not target.attached and isinstance(target.board.emulate, Qemu)
        if self._options.coverage and not covered:
            notes.append(f"{target.label}: no coverage, it is {target.how}; only QEMU tells what ran")
        outcome = self._runner(
            self._job(target, folder, traces if covered else None), on_event=self._watch(target), cancel=self._cancel
        )
        result.tests = [_test(one) for one in outcome.tests]
        if not result.tests and outcome.exit_code:
            result.error = f"Robot Framework ended with {outcome.exit_code} before any test; see {folder}"
        result.figures = measured(target.board, target.elf, result.tests)
        if covered:
            _cover(target, traces, result, notes)
        shutil.rmtree(traces, ignore_errors=True)

    def _job(self, target: Target, folder: Path, traces: Path | None) -> Job:
        options = self._options
        return Job(
            board=target.board.name,
            suites=self._suites,
            output=folder,
            firmware=target.firmware,
            attached=target.attached,
            include=tuple(options.include),
            exclude=tuple(options.exclude),
            variables={**variables(target.board), **self._artifacts, **options.variables},
            label=target.label,
            fail_strings=tuple(options.fail_strings),
            fail_fast=options.fail_fast,
            qemu_arguments=coverage.arguments(traces) if traces else (),
            timeout_factor=_COVERAGE_FACTOR if traces else 1.0,
            timeout_s=options.timeout_s,
        )

    def _watch(self, target: Target) -> Callable[[Event], None]:
        def watch(event: Event) -> None:
            self._on_event(target.label, event)
            if self._options.fail_fast and event.get("event") == "end" and event.get("status") == Status.FAIL:
                self.stop(f"{target.label}: {event.get('test')} failed, and the run was to end with the first failure")

        return watch


def _test(result: TestResult) -> Case:
    status = Status.NOT_RUN if _did_not_run(result) else Status(result.status)
    logs = tuple(Log(path.stem, text) for path in result.uart_logs if (text := _tail(path)))
    return Case(
        result.suite, result.name, status, result.message, result.elapsed_s, result.instructions, tuple(result.tags), logs
    )


def _did_not_run(result: TestResult) -> bool:
    """Robot Framework fails tests that it did not get to, with a tag; the runner skips those that it never heard of."""
    unheard = result.status == SKIP and result.message.startswith(("did not run", "cancelled"))
    return unheard or result.status not in set(Status) or "robot:exit" in result.tags


def _tail(path: Path) -> str:
    """The end of a log; "" when there is none. Frames of a link that shares the UART with text become " … "."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    if _FRAME_END in text:
        text = _FRAMES.sub(" … ", text)
    cut = len(text) - LOG_CHARACTERS
    return text if cut <= 0 else f"[the first {cut} characters are in {path}]\n{text[cut:]}"


def _cover(target: Target, traces: Path, result: BoardRun, notes: list[str]) -> None:
    root = repository()
    if root is None or target.elf is None:
        notes.append(f"{target.label}: no coverage without the firmware's sources")
        return
    try:
        result.coverage = coverage.of(target.elf, coverage.executed(traces), root / "firmware")
    except coverage.CoverageError as error:
        notes.append(f"{target.label}: no coverage: {error}")
