# SPDX-License-Identifier: Apache-2.0
"""The run as one HTML file that needs nothing else: no scripts, no fonts, no network.

What boards said is text and stays text: the template escapes everything, and the page forbids scripts besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

import motet
from motet.hil.coverage import Coverage
from motet.hil.model import BoardRun, Case, Run, Status

_MARKS = {Status.PASS: "✓", Status.FAIL: "✗", Status.SKIP: "–", Status.NOT_RUN: "·"}
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}


@dataclass(frozen=True)
class Row:
    """A test in the matrix: what became of it on each board, None where the board has no such test."""

    suite: str
    name: str
    cells: list[Case | None]
    first: bool
    """Whether its suite's name is to be shown."""


@dataclass(frozen=True)
class SourceFile:
    """Coverage of one file: its lines as (number, text, "ran" | "missed" | "")."""

    path: Path
    ran: int
    total: int
    lines: list[tuple[int, str, str]]

    @property
    def percent(self) -> float:
        return 100 * self.ran / self.total


def html(run: Run, sources: Path | None) -> str:
    """The report; `sources`: folder that the paths of the coverage are relative to, None: without source text."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(visible=visible, duration=duration, count=count)
    template = environment.from_string(files("motet.hil").joinpath("report.html").read_text(encoding="utf-8"))
    together = run.coverage
    facts: dict[str, Any] = {
        "run": run,
        "version": motet.__version__,
        "status": Status,
        "marks": _MARKS,
        "rows": list(rows(run.boards)),
        "failures": [(board, test) for board in run.boards for test in board.tests if test.status is Status.FAIL],
        "coverage": together,
        "sources": [] if together is None else list(source_files(together, sources)),
    }
    return template.render(facts)


def rows(boards: list[BoardRun]) -> Iterator[Row]:
    """All tests in the order in which they were first seen."""
    seen = {board.label: {(test.suite, test.name): test for test in board.tests} for board in boards}
    before = None
    for suite, name in dict.fromkeys(key for board in boards for key in seen[board.label]):
        yield Row(suite, name, [seen[board.label].get((suite, name)) for board in boards], suite != before)
        before = suite


def source_files(together: Coverage, sources: Path | None) -> Iterator[SourceFile]:
    """The files by path, with their text where it can be read."""
    for path in sorted(together.lines):
        lines = together.lines[path]
        yield SourceFile(path, sum(lines.values()), len(lines), list(_numbered(path, lines, sources)))


def _numbered(path: Path, lines: dict[int, bool], sources: Path | None) -> Iterator[tuple[int, str, str]]:
    try:
        text = (sources / path).read_text(encoding="utf-8", errors="replace") if sources else ""
    except OSError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        yield number, line, {None: "", True: "ran", False: "missed"}[lines.get(number)]


def visible(text: str) -> str:
    """Text of a board with its control characters written out."""
    return text.replace("\r\n", "\n").translate(_CONTROL)


def duration(seconds: float) -> str:
    """Seconds for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def count(number: float) -> str:
    """A number with its thousands apart."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"
