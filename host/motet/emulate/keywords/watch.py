# SPDX-License-Identifier: Apache-2.0
"""Watches all UARTs of a test: keeps what they said for the report, and raises the alarm at a fail-fast string."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from motet.emulate.keywords.logs import readable
from motet.emulate.keywords.uart import Uart

OnLine = Callable[[str, str], None]
_PRINTABLE = re.compile(rb"[\t\x20-\x7e]+")
_KEPT = 4 << 20


class Watch:
    """``on_line``: called with a UART's name and each line of text. Used from the UARTs' threads and the test's."""

    def __init__(self, fail_strings: Sequence[str] = (), on_line: OnLine = lambda *_: None) -> None:
        self._fail_strings = [text.encode() for text in fail_strings]
        self._on_line = on_line
        self._lock = threading.Lock()
        self.begin(False)

    def begin(self, armed: bool) -> None:
        """A test begins; ``armed``: fail-fast strings count."""
        with self._lock:
            self._armed, self._alarm = armed, ""
            self._raw: dict[str, bytearray] = {}
            self._open: dict[str, bytes] = {}

    def alarm(self) -> str | None:
        """What went wrong on a UART, None when nothing did."""
        return self._alarm or None

    def attach(self, uart: Uart) -> None:
        name = uart.name.removeprefix("sysbus.")
        uart.listen(lambda data: self._take(name, data))

    def save(self, folder: Path, stem: str) -> list[Path]:
        """Write what each UART sent as it came, ``STEM.UART.log``; returns the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            paths = {folder / f"{stem}.{name}.log": bytes(raw) for name, raw in self._raw.items()}
        for path, raw in paths.items():
            path.write_bytes(raw)
        return sorted(paths)

    def _take(self, name: str, data: bytes) -> None:
        with self._lock:
            raw = self._raw.setdefault(name, bytearray())
            raw += data
            del raw[:-_KEPT]
            *lines, rest = (self._open.get(name, b"") + data).split(b"\n")
            self._open[name] = rest[-1024:]
            if self._armed and not self._alarm:
                self._look(name, [*lines, rest])
        for line in lines:
            if text := readable(line.decode("latin-1")):
                self._on_line(name, text)

    def _look(self, name: str, lines: Sequence[bytes]) -> None:
        for line in lines:
            for text in self._fail_strings:
                if text in line:
                    words = next((part for part in _PRINTABLE.findall(line) if text in part), text)
                    self._alarm = f"{text.decode()} on {name}: {words.decode('ascii', 'replace')[:200]}"
                    return
