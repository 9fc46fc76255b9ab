# SPDX-License-Identifier: Apache-2.0
"""Renode's keywords about the log: here it holds QEMU's words about what the guest did wrong, and the UARTs' text."""
# ruff: noqa: N803

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from motet.emulate.keywords.base import Keywords
from motet.emulate.keywords.errors import KeywordError, Unsupported
from motet.emulate.keywords.logs import Entry
from motet.emulate.keywords.matching import Pattern
from motet.emulate.keywords.record import keyword

_SHOWN = 1000
_LOOK_S = 0.02


class LogKeywords(Keywords):
    """The log begins with Create Log Tester or Enable Logging To Cache. Keywords raise KeywordError."""

    @keyword
    def create_log_tester(self, timeout: float, defaultPauseEmulation: bool = False) -> None:
        self.log_timeout, self._log_pause = timeout, defaultPauseEmulation
        self._follow()

    @keyword
    def wait_for_log_entry(
        self,
        pattern: str,
        timeout: float | None = None,
        keep: bool = False,
        treatAsRegex: bool = False,
        pauseEmulation: bool | None = None,
        level: str | None = None,
    ) -> str:
        found = self._find(Pattern(pattern, treatAsRegex), timeout, keep, level)
        if found is None:
            tail = self.log.text(_SHOWN)
            raise KeywordError(f'Expected pattern "{pattern}" did not appear in the log\nThe log so far:\n{tail}')
        entry, failing = found
        if failing:
            raise KeywordError(f"Log tester failed!\n\nTest failing entry has been found in log:\n{entry.text}")
        if self._log_pause if pauseEmulation is None else pauseEmulation:
            self.emulation.pause()
        return entry.text

    @keyword
    def should_not_be_in_log(
        self,
        pattern: str,
        timeout: float | None = None,
        treatAsRegex: bool = False,
        pauseEmulation: bool | None = None,
        level: str | None = None,
    ) -> None:
        found = self._find(Pattern(pattern, treatAsRegex), timeout, True, level)
        if found is not None:
            raise KeywordError(f"Unexpected line detected in the log: {found[0].text}")
        if self._log_pause if pauseEmulation is None else pauseEmulation:
            self.emulation.pause()

    @keyword
    def register_failing_log_string(self, pattern: str, treatAsRegex: bool = False) -> None:
        self._checked()
        self.log.failing.append(Pattern(pattern, treatAsRegex))

    @keyword
    def unregister_failing_log_string(self, pattern: str, treatAsRegex: bool = False) -> None:
        try:
            self.log.failing.remove(Pattern(pattern, treatAsRegex))
        except ValueError:
            raise KeywordError("Unable to unregister failing string, entry not found") from None

    @keyword
    def clear_log_tester_history(self) -> None:
        self._checked()
        self.log.clear()

    @keyword
    def log_to_file(self, filePath: str, flushAfterEveryWrite: bool = False) -> None:
        """Written when the emulation ends."""
        self.log_files.append(Path(filePath))

    def enable_logging_to_cache(self) -> None:
        """The log is always kept; there for suites and tools that ask."""

    def save_cached_log(self, filePath: str) -> None:
        self.log.collect()
        Path(filePath).write_text(self.log.text(), "utf-8")

    def clear_cached_log(self) -> None:
        self.log.history.clear()

    def _follow(self) -> None:
        """Every machine, once. QEMU tells what the guest does wrong only when asked."""
        for machine in self.emulation.machines.values():
            if machine.name in self.log_of:
                continue
            self.log_of.add(machine.name)
            for uart in machine.uarts():
                self.log.follow_uart(uart)
            with contextlib.suppress(Unsupported):
                qemu = machine.qemu()
                self.log.follow_file(qemu.log)
                qemu.monitor("log guest_errors,unimp")

    def _find(self, pattern: Pattern, timeout: float | None, keep: bool, level: str | None) -> tuple[Entry, bool] | None:
        self._checked()
        self._follow()
        found = self.log.find(pattern, keep, level)
        limit = self._seconds(self.log_timeout if timeout is None else timeout) or 0.0
        if found is not None or limit == 0:
            return found
        self.emulation.start()
        machine = self.emulation.selected
        end = machine.now_ms() + limit * 1000
        while (found := self.log.find(pattern, keep, level)) is None and machine.now_ms() < end:
            time.sleep(_LOOK_S)
        return found

    def _checked(self) -> None:
        if self.log_timeout is None:
            raise KeywordError("Log tester is not available. Create it with the `Create Log Tester` keyword first.")
