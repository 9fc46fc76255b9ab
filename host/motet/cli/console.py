# SPDX-License-Identifier: Apache-2.0
"""What commands print and how they end: people get tables, programs get JSON, both get documented exit codes.

0  done                          3  gateway, broker or device not reachable
1  the operation failed          4  the tool answered with an error
2  wrong usage or configuration  5  no answer in time
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any

import typer
from rich.console import Console
from rich.table import Table


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    TOOL_ERROR = 4
    TIMEOUT = 5


class FatalError(Exception):
    """A failure worth one sentence to the user: what failed, where, and what to do about it."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code


stdout = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Progress and remarks for people; never mixed into what a program reads from standard output."""
    stderr.print(text, markup=False)


def emit_json(value: Any) -> None:
    """One JSON value on one line."""
    sys.stdout.write(json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def emit(value: Any, as_json: bool, human: Callable[[], None]) -> None:
    """Print `value` as JSON, or let `human` print it for a person."""
    if as_json:
        emit_json(value)
    else:
        human()


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """A plain table, or the sentence `empty` when there is no row."""
    listed = list(rows)
    if not listed:
        stdout.print(empty, markup=False)
        return
    drawn = Table(*headers, box=None, pad_edge=False, header_style="bold")
    for row in listed:
        drawn.add_row(*row)
    stdout.print(drawn)


def fail(error: FatalError, as_json: bool) -> typer.Exit:
    """Report `error` and give the exception that ends the command with its code."""
    if as_json:
        emit_json({"error": str(error), "exit_code": int(error.code)})
    else:
        stderr.print(f"motet: {error}", style="red", markup=False)
    return typer.Exit(int(error.code))
