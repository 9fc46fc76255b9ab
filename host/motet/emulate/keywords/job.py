# SPDX-License-Identifier: Apache-2.0
"""What a runner is asked to do for one board, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PASS, FAIL, SKIP = "PASS", "FAIL", "SKIP"
# A fault of a Cortex-M, a fault of a RISC-V, an exception of MicroPython.
FAIL_STRINGS = ("HARDFAULT", "TRAP mcause", "Traceback")


@dataclass(frozen=True)
class Job:
    """Suites on one board, emulated or attached.

    output: folder for results, made when it is not there. firmware: None means the image tools/build.py makes.
    attached: pyserial URL of a real board; tests that need an emulator are skipped with the reason.
    fail_strings: text on a UART that fails the running test at once, but for tests tagged ``expects_fault``.
    fail_fast: end at the first failure. qemu_arguments: more for QEMU's command line, e.g. for coverage.
    timeout_factor: stretches all time-outs of keywords. timeout_s: of our time for the whole job.
    label: name of the results, by default the board's.
    """

    board: str
    suites: Sequence[Path]
    output: Path
    firmware: Path | None = None
    attached: str | None = None
    baud: int = 115200
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    fail_strings: Sequence[str] = FAIL_STRINGS
    fail_fast: bool = False
    qemu_arguments: Sequence[str] = ()
    timeout_factor: float = 1.0
    timeout_s: float = 600.0
    label: str = ""

    @property
    def name(self) -> str:
        return self.label or self.board

    def dumps(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def loads(cls, text: str) -> Job:
        """The opposite of ``dumps``."""
        values: dict[str, Any] = json.loads(text)
        values["suites"] = [Path(path) for path in values["suites"]]
        values["output"] = Path(values["output"])
        values["firmware"] = Path(values["firmware"]) if values["firmware"] else None
        return cls(**values)


@dataclass(frozen=True)
class TestResult:
    """One test. ``elapsed_s`` is our time; ``instructions``: executed by the board, where its emulator counts them."""

    __test__ = False  # pytest's business is another

    suite: str
    name: str
    status: str
    message: str = ""
    elapsed_s: float = 0.0
    tags: tuple[str, ...] = ()
    uart_logs: tuple[Path, ...] = ()
    instructions: int | None = None


@dataclass(frozen=True)
class Outcome:
    """``exit_code``: number of failed tests, 250 for more; 252 when no test ran, 253 when cancelled."""

    job: Job
    tests: tuple[TestResult, ...]
    output_xml: Path
    xunit: Path
    exit_code: int

    def count(self, status: str) -> int:
        return sum(test.status == status for test in self.tests)
