# SPDX-License-Identifier: Apache-2.0
"""The emulation's log: QEMU's messages about the guest and every line of text from the UARTs, in one list."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from motet.emulate.keywords.matching import Pattern
from motet.emulate.keywords.uart import Uart

WARNING, INFO = "Warning", "Info"
# Longer lines are bytes of a protocol, not text.
_LONGEST = 400


@dataclass(frozen=True)
class Entry:
    """One line: ``level`` is Warning for the emulator's words, Info for the board's."""

    level: str
    text: str


class Log:
    """Collects from any thread; entries are used up by those who wait for them, the history is for files."""

    def __init__(self) -> None:
        self.failing: list[Pattern] = []
        self.history: list[Entry] = []
        self._pending: list[Entry] = []
        self._lock = threading.Lock()
        self._files: dict[Path, int] = {}
        self._partial: dict[str, str] = {}

    def follow_file(self, path: Path) -> None:
        """Take in what is appended to a file from here on; read at each ``collect``."""
        self._files.setdefault(path, path.stat().st_size if path.exists() else 0)

    def follow_uart(self, uart: Uart) -> None:
        uart.listen(lambda data: self._take(uart.name, data))

    def add(self, level: str, text: str) -> None:
        entry = Entry(level, text)
        with self._lock:
            self.history.append(entry)
            self._pending.append(entry)

    def collect(self) -> None:
        """Read what the followed files have got."""
        for path, at in list(self._files.items()):
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(at)
                text = file.read().decode("utf-8", "replace")
            whole = text[: text.rfind("\n") + 1]
            self._files[path] = at + len(whole.encode())
            for line in whole.splitlines():
                self.add(WARNING, line)

    def find(self, pattern: Pattern, keep: bool = False, level: str | None = None) -> tuple[Entry, bool] | None:
        """The first entry that matches, and whether a failing string did; without ``keep`` all until it are used up."""
        self.collect()
        with self._lock:
            for failing, patterns in ((True, self.failing), (False, [pattern])):
                for index, entry in enumerate(self._pending):
                    fits = failing or level is None or entry.level.lower() == level.lower()
                    if fits and any(p.search(entry.text) for p in patterns):
                        if not keep:
                            del self._pending[: index + 1]
                        return entry, failing
        return None

    def clear(self) -> None:
        self.collect()
        with self._lock:
            self._pending.clear()

    def text(self, last: int | None = None) -> str:
        with self._lock:
            entries = self.history[-last:] if last else self.history
            return "".join(f"[{entry.level.upper()}] {entry.text}\n" for entry in entries)

    def _take(self, name: str, data: bytes) -> None:
        *lines, rest = (self._partial.get(name, "") + data.decode("latin-1")).split("\n")
        self._partial[name] = rest[-_LONGEST:]
        for line in lines:
            if text := readable(line):
                self.add(INFO, f"{name.removeprefix('sysbus.')}: {text}")


def readable(line: str) -> str:
    """The text at the end of a line, without frames that came before it; empty when there is none."""
    text = line.rsplit("\0", 1)[-1].strip("\r")
    return text if text and all(" " <= c <= "~" or c == "\t" for c in text) else ""
