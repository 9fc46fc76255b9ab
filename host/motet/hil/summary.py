# SPDX-License-Identifier: Apache-2.0
"""A run as plain values for JSON."""

from __future__ import annotations

from typing import Any

from motet.hil.model import BoardRun, Case, Run, Status


def summary(run: Run) -> dict[str, Any]:
    """Verdict, counts, and every test of every board; without the UART logs, which the report has."""
    coverage = run.coverage
    return {
        "passed": run.passed,
        "stopped": run.stopped,
        "started": run.started,
        "seconds": round(run.seconds, 3),
        "suites": run.suites,
        "counts": _counts(run.counts),
        "coverage_percent": None if coverage is None else round(coverage.percent, 1),
        "notes": run.notes,
        "boards": [_board(board) for board in run.boards],
    }


def _board(board: BoardRun) -> dict[str, Any]:
    return {
        "label": board.label,
        "board": board.board,
        "how": board.how,
        "passed": board.passed,
        "error": board.error,
        "seconds": round(board.seconds, 3),
        "counts": _counts(board.counts),
        "figures": {figure.name: {"value": figure.value, "budget": figure.bound} for figure in board.figures},
        "over_budget": board.complaints,
        "coverage_percent": None if board.coverage is None else round(board.coverage.percent, 1),
        "tests": [_test(test) for test in board.tests],
    }


def _test(test: Case) -> dict[str, Any]:
    return {
        "suite": test.suite,
        "name": test.name,
        "status": str(test.status),
        "message": test.message,
        "seconds": round(test.seconds, 3),
        "instructions": test.instructions,
    }


def _counts(counts: dict[Status, int]) -> dict[str, int]:
    return {str(status).lower(): counts[status] for status in Status}
