# SPDX-License-Identifier: Apache-2.0
"""What `motet hil` shows while it runs: a table that moves on a terminal, a line per test elsewhere."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from rich.live import Live
from rich.table import Table
from rich.text import Text

from motet.cli.console import plain, say, stderr
from motet.hil import Status

_STYLES = {"PASS": "green", "FAIL": "bold red", "SKIP": "dim"}


class View(Protocol):
    """A context manager; `event` may be called by several threads."""

    def event(self, label: str, event: Mapping[str, Any]) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def view(labels: Sequence[str], quiet: bool) -> View:
    """The view that fits standard error. `quiet`: nothing at all."""
    return Rows(labels) if stderr.is_terminal and not quiet else Lines(quiet)


class Lines:
    """A line for each test that ends."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def event(self, label: str, event: Mapping[str, Any]) -> None:
        if self._quiet:
            return
        if event["event"] == "end":
            seconds, why = event.get("elapsed_s") or 0.0, str(event.get("message") or "").split("\n")[0]
            tail = f": {why}" if why and event["status"] != "PASS" else ""
            say(f"{label}  {event['status']}  {event['suite']} / {event['test']}  {seconds:.1f} s{tail}")
        elif event["event"] == "board_end" and event["error"]:
            say(f"{label}  {event['error']}")


class Rows:
    """A row per board: what it does now, how it went so far, and what it said last."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._now = {label: Text("waiting", style="dim") for label in labels}
        self._said = dict.fromkeys(labels, "")
        self._counts: dict[str, Counter[str]] = {label: Counter() for label in labels}
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._live = Live(get_renderable=self._draw, console=stderr, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.__exit__(kind, error, trace)

    def event(self, label: str, event: Mapping[str, Any]) -> None:
        with self._lock:
            what = event["event"]
            if what == "board_start":
                self._began[label], self._now[label] = time.monotonic(), Text("starting")
            elif what == "start":
                self._now[label] = Text(plain(f"{event['suite']} / {event['test']}"))
            elif what == "uart":
                self._said[label] = plain(str(event["line"]))[:80]
            elif what == "board_end":
                self._took[label] = time.monotonic() - self._began[label]
                self._now[label] = Text("passed", "green") if event["passed"] else Text("failed", "bold red")
            elif what == "end":
                self._ended(label, event)

    def _ended(self, label: str, event: Mapping[str, Any]) -> None:
        self._counts[label][str(event["status"])] += 1
        if event["status"] == Status.FAIL:
            why = str(event.get("message") or "").split("\n")[0]
            stderr.print(Text(plain(f"{label}: {event['suite']} / {event['test']} failed: {why}"), "red"))

    def _draw(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("board", "now", "ok", "bad", "skip", "time", "says"):
            table.add_column(name, no_wrap=True, justify="right" if name in ("ok", "bad", "skip", "time") else "left")
        with self._lock:
            for label, now in self._now.items():
                counts = [Text(str(self._counts[label][status]), style) for status, style in _STYLES.items()]
                took = self._took.get(label, time.monotonic() - self._began[label] if label in self._began else 0.0)
                table.add_row(label, now, *counts, f"{took:.0f} s", Text(self._said[label], "dim"))
        return table
