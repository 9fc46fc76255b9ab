# SPDX-License-Identifier: Apache-2.0
"""Robot's side of a run: injects the keywords, tells what happens as it happens, keeps logs and snapshots."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from motet.emulate.keywords import settings, snapshot
from motet.emulate.keywords.errors import KeywordError, Unsupported
from motet.emulate.keywords.job import FAIL, Job
from motet.emulate.keywords.library import Renode
from motet.emulate.keywords.watch import Watch

EXPECTS_FAULT = "expects_fault"
OTHER_EMULATOR = "renode_only"
_LIBRARY = "motet.emulate.keywords.library.Renode"
Emit = Callable[[dict[str, Any]], None]


class Inject:
    """Robot's pre-run modifier: every suite has Renode's keywords, every test starts with an empty emulation, and tests for
    another emulator are skipped with the first line of their documentation as the reason."""

    def visit_suite(self, suite: Any) -> None:
        if suite.tests:
            suite.resource.imports.library(_LIBRARY)
        for test in suite.tests:
            if OTHER_EMULATOR in test.tags:
                reason = test.doc.splitlines()[0] if test.doc else "no reason given"
                test.setup.config(name="Skip", args=[f"{OTHER_EMULATOR}: {reason}"])
            elif not test.has_setup:
                test.setup.config(name="Reset Emulation")
        for child in suite.suites:
            self.visit_suite(child)


class Listener:
    """Robot's listener (version 3). ``emit`` gets one dictionary an event; see docs/robot.md."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, job: Job, emit: Emit) -> None:
        self._job, self._emit = job, emit
        self._where: dict[str, str] = {}
        self.watch = Watch(job.fail_strings, self._on_line)
        self._library: Renode | None = None

    def library_import(self, library: Any, importer: Any) -> None:
        if isinstance(library.instance, Renode):
            self._library = library.instance

    def start_suite(self, data: Any, result: Any) -> None:
        if data.tests:
            tests = [{"name": test.name, "tags": list(test.tags)} for test in data.tests]
            self._emit({"event": "suite_start", "suite": _suite(data), "tests": tests})

    def start_test(self, data: Any, result: Any) -> None:
        self._where = {"suite": _suite(data.parent), "test": data.name}
        self.watch.begin(EXPECTS_FAULT not in data.tags)
        self._emit({"event": "start", **self._where})

    def log_message(self, message: Any) -> None:
        if message.level in ("WARN", "ERROR"):
            self._emit({"event": "log", **self._where, "message": message.message})

    def end_test(self, data: Any, result: Any) -> None:
        if alarm := self.watch.alarm():
            self._emit({"event": "fail_string", **self._where, "message": alarm})
            if result.status != FAIL:
                result.status, result.message = FAIL, alarm
        stem = re.sub(r"[^\w-]+", "_", f"{_suite(data.parent)}.{data.name}")[:120]
        files = self.watch.save(self._job.output / "logs", stem)
        instructions = self._instructions()
        if result.status == FAIL:
            self._keep(result, stem)
        if self._library is not None:
            self._library.close()
        end = {"status": result.status, "message": result.message, "elapsed_s": result.elapsedtime / 1000}
        more = {"tags": list(result.tags), "uart_logs": [str(path) for path in files], "instructions": instructions}
        self._emit({"event": "end", **self._where, **end, **more})

    def close(self) -> None:
        if self._library is not None:
            self._library.close()

    def _keep(self, result: Any, stem: str) -> None:
        kept: list[Path] = []
        for board in self._library.emulation.machines.values() if self._library else ():
            kept += snapshot.take(board, self._job.output / "snapshots", stem)
        if kept:
            result.message += f"\n\nKept: {', '.join(path.name for path in kept)} in {kept[0].parent}"

    def _instructions(self) -> int | None:
        counts = []
        for board in self._library.emulation.machines.values() if self._library else ():
            with contextlib.suppress(KeywordError, Unsupported):
                counts.append(board.instructions())
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    def _on_line(self, uart: str, line: str) -> None:
        self._emit({"event": "uart", **self._where, "uart": uart, "line": line})


def _suite(data: Any) -> str:
    """The file's name: Robot's own changes with the number of suites that run."""
    return Path(data.source).stem if data.source else str(data.name)


def to_file(stream: Any) -> Emit:
    """Events as lines of JSON; a reader that is gone is no reason to stop."""

    def emit(event: dict[str, Any]) -> None:
        with contextlib.suppress(OSError, ValueError):
            stream.write(json.dumps(event) + "\n")
            stream.flush()

    return emit


def prepare(job: Job, watch: Watch) -> None:
    """Make the library of this process serve the job."""
    settings.current.attached, settings.current.baud = job.attached, job.baud
    settings.current.arguments = tuple(job.qemu_arguments)
    settings.current.timeout_factor = job.timeout_factor
    settings.current.watch = watch
