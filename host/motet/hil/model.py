# SPDX-License-Identifier: Apache-2.0
"""What a run of suites on boards is, while it runs and afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from motet.hil.coverage import Coverage

# Of a UART's text, what a report shows: the end tells what happened.
LOG_CHARACTERS = 100_000


class HilError(Exception):
    """The run cannot be done as asked; the message says what to change."""


class Status(StrEnum):
    PASS = "PASS"
    FAIL = "FAIL"
    SKIP = "SKIP"
    NOT_RUN = "NOT_RUN"
    """The run was stopped before it, or the board could not be used."""


@dataclass(frozen=True)
class Log:
    """What a UART said during a test, its end when it was long."""

    name: str
    text: str


@dataclass(frozen=True)
class Case:
    """One test on one board. `instructions`: what the board executed for it, None where they are not counted."""

    suite: str
    name: str
    status: Status
    message: str = ""
    seconds: float = 0.0
    instructions: int | None = None
    tags: tuple[str, ...] = ()
    logs: tuple[Log, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A measured figure; `bound` is what budgets.toml says, None when it says nothing. `complaint`: why it is too bad."""

    name: str
    value: float
    bound: float | None = None
    complaint: str = ""


@dataclass
class BoardRun:
    """All suites on one board. `how`: emulated by what, or attached where. `error`: why it could not be used."""

    label: str
    board: str
    title: str
    how: str
    tests: list[Case] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    coverage: Coverage | None = None
    error: str = ""
    seconds: float = 0.0

    @property
    def counts(self) -> Counter[Status]:
        return Counter(test.status for test in self.tests)

    @property
    def complaints(self) -> list[str]:
        return [figure.complaint for figure in self.figures if figure.complaint]

    @property
    def passed(self) -> bool:
        """Every test that ran passed, some did, and no figure is over its budget."""
        counts = self.counts
        bad = counts[Status.FAIL] or counts[Status.NOT_RUN] or self.error or self.complaints
        return not bad and counts[Status.PASS] > 0


@dataclass
class Run:
    """One `motet hil`. `started` is in ISO 8601, UTC."""

    started: str
    suites: list[str]
    boards: list[BoardRun]
    seconds: float = 0.0
    stopped: str = ""
    """Why it ended early, "" when it did not."""
    notes: list[str] = field(default_factory=list)
    """What did not work beside the tests, e.g. that no coverage could be told."""

    @property
    def passed(self) -> bool:
        return not self.stopped and all(board.passed for board in self.boards)

    @property
    def counts(self) -> Counter[Status]:
        return sum((board.counts for board in self.boards), Counter())

    @property
    def coverage(self) -> Coverage | None:
        """Of all boards together: a line counts when it ran on any of them."""
        found = [board.coverage for board in self.boards if board.coverage is not None]
        if not found:
            return None
        together = Coverage()
        for one in found:
            together.add(one.lines)
        return together
