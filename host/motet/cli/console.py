# SPDX-License-Identifier: Apache-2.0
"""What commands print and how they end: people get tables, programs get JSON, both get documented exit codes.

0  done                          3  gateway, broker or device not reachable
1  the operation failed          4  the tool answered with an error
2  wrong usage or configuration  5  no answer in time

Ctrl-C ends commands that run until then with 0, others with 130.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from motet.cli.output import yaml_wanted


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


# Nothing that is printed is markup: names and descriptions come from devices.
stdout = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
stderr = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
_SURROGATES = {code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)}
_SHOWN = _CONTROL | _SURROGATES


def plain(text: str) -> str:
    """`text` without escape sequences that a device could send to the operator's terminal."""
    return text.translate(_SHOWN)


def say(text: str) -> None:
    """Progress and remarks for people; never mixed into what a program reads from standard output."""
    stderr.print(plain(text))


def show(text: str) -> None:
    """A line of the answer, for people."""
    stdout.print(plain(text))


def emit_json(value: Any) -> None:
    """One value for programs, in ASCII: whatever the terminal's character set, it can be written.

    As JSON it takes one line, as YAML one document.
    """
    sys.stdout.write(_yaml(value) if yaml_wanted() else json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _yaml(value: Any) -> str:
    import yaml

    # What JSON cannot say, YAML shall not either: a program may read either.
    plain_data = json.loads(json.dumps(value))
    return str(yaml.safe_dump(plain_data, explicit_start=True, sort_keys=False, default_flow_style=False))


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
        show(empty)
        return
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        # Names stay whole, so that they can be copied; the last column takes what is left of the line.
        drawn.add_column(header, no_wrap=header != headers[-1], overflow="ignore" if header != headers[-1] else "fold")
    for row in listed:
        drawn.add_row(*(Text(plain(cell)) for cell in row))
    stdout.print(drawn)


# Called with the operation in words, how much is done and how much there is; None where nobody knows.
Tell = Callable[[str, int | None, int | None], None]


@contextmanager
def progressing(label: str, quiet: bool = False) -> Iterator[Tell]:
    """A bar on standard error while long work goes on, only when a person looks at a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn

    shown = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        console=stderr,
        transient=True,
        disable=quiet or not stderr.is_terminal,
    )
    with shown:
        task = shown.add_task(plain(label), total=None)

        def tell(step: str, done: int | None, total: int | None) -> None:
            shown.update(task, description=plain(step) or plain(label), completed=done, total=total)

        yield tell


def fail(error: FatalError, as_json: bool) -> typer.Exit:
    """Report `error` and give the exception that ends the command with its code."""
    if as_json:
        emit_json({"error": str(error), "exit_code": int(error.code)})
    else:
        stderr.print(plain(f"motet: {error}"), style="red")
    return typer.Exit(int(error.code))
