# SPDX-License-Identifier: Apache-2.0
"""A terminal tester: lines of one UART, waited for and used up one after the other, with Renode's rules.

LF ends a line and CR is dropped (or CR ends it, when asked for); a pattern matches anywhere in a line; a match uses up all
lines until and with the matching one; colours are removed; failing strings are looked for before anything else. A binary
tester has no lines: it keeps bytes, and a match uses up what came until its end.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.matching import Line, Pattern, Result, following

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# How long a wait may sleep before it looks at the board's clock again.
_LOOK_S = 0.05

T = TypeVar("T")


class Host(Protocol):
    """The machine a tester listens to."""

    def now_ms(self) -> float:
        """The board's time. Raises KeywordError when the board is gone or stands still."""
        ...

    def run(self) -> None:
        """Start the emulation when it does not run."""
        ...

    def pause(self) -> None: ...


class Tester:
    """``timeout``: seconds of the board's time that a wait lasts unless told otherwise. ``feed`` may come from any thread."""

    __test__ = False  # pytest's business is another

    def __init__(
        self, host: Host, send: Callable[[bytes], None], timeout: float, cr_ends: bool = False, binary: bool = False
    ) -> None:
        self.send, self.timeout, self.binary = send, timeout, binary
        self.failing: list[Pattern] = []
        self.char_delay = 0.0
        self._host, self._end = host, "\r" if cr_ends else "\n"
        self._changed = threading.Condition()
        self._lines: list[Line] = []
        self._current = ""
        self._arrived = 0
        self._last = 0.0
        self._report: list[str] = []

    def feed(self, data: bytes) -> None:
        """Take in what the UART sent."""
        text = data.decode("latin-1")
        now = 0.0 if self.binary or self._end not in text else self._stamp()
        if not self.binary and self._end == "\n":
            text = text.replace("\r", "")
        with self._changed:
            self._arrived += len(data)
            whole = self._current + text
            *ended, self._current = [whole] if self.binary else whole.split(self._end)
            self._lines += [Line(_COLOUR.sub("", line), now) for line in ended]
            self._changed.notify_all()

    def wait_for(
        self,
        pattern: Pattern,
        timeout: float | None = None,
        unfinished: bool = False,
        pause: bool = False,
        next_line: bool = False,
    ) -> Result | None:
        """The line that matches, used up; None when none came in time. ``next_line``: only the next one counts."""
        what = f"Line containing >>{pattern.text}<<"
        return self._wait(what, lambda: self._match(pattern, unfinished, next_line), timeout, pause)

    def wait_for_lines(
        self, patterns: Sequence[Pattern], timeout: float | None = None, pause: bool = False, from_next: bool = False
    ) -> Result | None:
        """The last of lines that match one after the other without another in between."""

        def match() -> Result | None:
            contents = [line.content for line in self._lines]
            start = following(contents[: len(patterns)] if from_next else contents, patterns)
            return None if start is None else self._use(start + len(patterns) - 1)

        return self._wait(f"Lines starting with >>{patterns[0].text}<<", match, timeout, pause)

    def next_line(self, timeout: float | None = None, pause: bool = False) -> Result | None:
        return self._wait("Next line", lambda: self._use(0) if self._lines else None, timeout, pause)

    def idle(self, timeout: float, pause: bool = False) -> bool:
        """Whether nothing arrives for that long."""
        before = self._arrived
        came = self._until(lambda: True if self._arrived != before else None, timeout)
        if pause:
            self._host.pause()
        return came is None

    @property
    def report(self) -> str:
        """Everything that was used up, what was waited for, and what is still there."""
        with self._changed:
            waiting = [_shown(line) for line in self._lines]
            return "\n".join([*self._report, *waiting, f"{self._shown_current()} [[no newline]]"])

    def clear(self) -> None:
        with self._changed:
            self._lines.clear()
            self._report.clear()

    def _stamp(self) -> float:
        # A board that is going off does not tell the time; what it said last counts all the same.
        with contextlib.suppress(KeywordError):
            self._last = self._host.now_ms()
        return self._last

    def _wait(self, what: str, match: Callable[[], Result | None], timeout: float | None, pause: bool) -> Result | None:
        found = self._until(lambda: self._failure() or match(), self.timeout if timeout is None else timeout)
        with self._changed:
            self._report.append(f"({'failure' if found is None else 'success'} event: {what})")
        if pause and found is not None:
            self._host.pause()
        return found

    def _until(self, look: Callable[[], T | None], timeout: float) -> T | None:
        with self._changed:
            if (found := look()) is not None or timeout == 0:
                return found
        self._host.run()
        deadline = self._host.now_ms() + timeout * 1000
        while True:
            # Outside of the lock: whoever feeds must not wait for the emulator's answer.
            left = deadline - self._host.now_ms()
            with self._changed:
                if (found := look()) is not None or left <= 0:
                    return found
                self._changed.wait(min(left / 1000, _LOOK_S))

    def _failure(self) -> Result | None:
        for pattern in self.failing:
            if (found := self._match(pattern, False, False)) is not None:
                found["isFailingString"] = found["IsFailingString"] = True
                return found
        return None

    def _match(self, pattern: Pattern, unfinished: bool, next_line: bool) -> Result | None:
        for index, line in enumerate(self._lines[:1] if next_line else self._lines):
            if hit := pattern.search(line.content):
                return self._use(index, hit.groups(""))
        if not unfinished or not (hit := pattern.search(_COLOUR.sub("", self._current))) or (next_line and hit.start()):
            return None
        return self._use_current(hit)

    def _use(self, index: int, groups: Sequence[str] = ()) -> Result:
        line = self._lines[index]
        self._report += [_shown(line) for line in self._lines[: index + 1]]
        del self._lines[: index + 1]
        return Result(line, groups)

    def _use_current(self, hit: re.Match[str]) -> Result:
        content = hit.string
        self._report += [*(_shown(line) for line in self._lines), f"{self._shown_current()} [[no newline]]"]
        self._lines.clear()
        self._current = content[hit.end() :] if self.binary else ""
        return Result(Line(hit[0] if self.binary else content, self._host.now_ms()), hit.groups(""))

    def _shown_current(self) -> str:
        return self._current.encode("latin-1").hex(" ") if self.binary else _safe(self._current)


def demand(tester: Tester, found: Result | None) -> Result:
    """What was found. Raises KeywordError with the tester's report when there is nothing, or a failing string."""
    if found is None:
        raise KeywordError(f"Terminal tester failed!\n\nFull report:\n{tester.report}")
    if found["isFailingString"]:
        raise KeywordError(f"Terminal tester failed!\n\nTest failing entry has been found on UART:\n{found['line']}")
    return found


def _shown(line: Line) -> str:
    return f"[virt: {line.timestamp:9.3f}] {_safe(line.content)}"


def _safe(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c if c == "\t" or " " <= c <= "~" else f"\\x{ord(c):02x}" for c in text)
