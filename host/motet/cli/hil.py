# SPDX-License-Identifier: Apache-2.0
"""`motet hil`: suites on emulated and attached boards."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from motet import hil
from motet.cli.console import Exit, FatalError, emit, show
from motet.cli.hillive import view
from motet.cli.options import Json, reporting

_INTERRUPTED = "interrupted"
_CANCELLED = 130


@reporting
def run(
    suites: Annotated[
        list[str] | None, typer.Argument(metavar="[SUITE]...", help="Names or .robot files (default: all).")
    ] = None,
    board: Annotated[
        list[str] | None,
        typer.Option(
            "--board", "-b", metavar="BOARD[=PORT]", help="stm32f405 is emulated, esp32c3=/dev/ttyUSB0 is attached there."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, max=64, help="Boards at once.")] = max(
        1, (os.cpu_count() or 2) // 2
    ),
    output: Annotated[Path, typer.Option(help="Folder for report.html, junit.xml, summary.json and logs.")] = Path("build/hil"),
    include: Annotated[list[str] | None, typer.Option(metavar="TAG", help="Only tests with this tag.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(metavar="TAG", help="No tests with this tag.")] = None,
    fail_string: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help=f"Text on a UART that fails a test at once (default: {', '.join(hil.FAIL_STRINGS)})."),
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="End everything with the first failure.")] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Tell which lines of the firmware's C code ran (QEMU; slower).")
    ] = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="Longest time for all suites on one board.")] = 600.0,
    as_json: Json = False,
) -> None:
    """Run suites on boards, emulated and attached ones together; leaves an HTML report, JUnit XML and a summary.

    Exit codes: 0 everything passed, 1 a test failed or a budget is exceeded, 2 wrong usage, 3 a board could not be used,
    130 Ctrl-C (what ran until then is in the reports).
    """
    try:
        targets, files = hil.targets(board or []), hil.suites(suites or [])
        output.mkdir(parents=True, exist_ok=True)
    except (hil.HilError, OSError) as error:
        raise FatalError(str(error), Exit.USAGE) from error
    options = hil.Options(
        output.resolve(), jobs, include or (), exclude or (), fail_string or hil.FAIL_STRINGS, fail_fast, coverage, timeout
    )
    with view([target.label for target in targets], as_json) as shown:
        whole = hil.Hil(targets, files, options, shown.event)
        with _interruptible(whole):
            result = whole.run()
    written = hil.write(result, options.output)
    facts = {**hil.summary(result), "files": {name: str(path) for name, path in written.items()}}
    emit(facts, as_json, lambda: show(_sentence(result, written)))
    if code := _code(result):
        raise typer.Exit(code)


@contextmanager
def _interruptible(whole: hil.Hil) -> Iterator[None]:
    """Ctrl-C (or SIGTERM) ends the run in order; a second one ends it at once."""

    def stop(number: int, _frame: Any) -> None:
        signal.signal(number, signal.default_int_handler)
        whole.stop(_INTERRUPTED)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sentence(result: hil.Run, written: dict[str, Path]) -> str:
    counts = result.counts
    tally = ", ".join(f"{counts[status]} {word}" for status, word in _WORDS.items() if counts[status])
    bad = [f"{board.label}: {why}" for board in result.boards for why in (board.error, *board.complaints) if why]
    coverage = result.coverage
    covered = "" if coverage is None else f"; {coverage.percent:.1f} % of the lines of C ran"
    first = f"{'passed' if result.passed else 'FAILED'}: {tally or 'no test ran'}{covered}; {result.seconds:.1f} s"
    ended = [f"ended early: {result.stopped}"] if result.stopped else []
    return "\n".join([first, *ended, *bad, *result.notes, *(str(path) for path in written.values())])


_WORDS = {hil.Status.PASS: "passed", hil.Status.FAIL: "failed", hil.Status.SKIP: "skipped", hil.Status.NOT_RUN: "not run"}


def _code(result: hil.Run) -> int:
    if result.stopped == _INTERRUPTED:
        return _CANCELLED
    if any(board.error for board in result.boards) and not result.stopped:
        return int(Exit.UNREACHABLE)
    return int(Exit.OK if result.passed else Exit.FAILED)


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command("hil")(run)
