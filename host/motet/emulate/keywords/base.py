# SPDX-License-Identifier: Apache-2.0
"""What all groups of keywords share."""

from __future__ import annotations

from pathlib import Path

from motet.emulate.keywords import settings
from motet.emulate.keywords.emulation import Emulation
from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.logs import Log
from motet.emulate.keywords.monitor import Monitor
from motet.emulate.keywords.record import Recorder
from motet.emulate.keywords.tester import Tester


class Keywords:
    """State of the library; a new emulation starts with none of it but the recorded states."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.temporary: list[Path] = []
        self.log_files: list[Path] = []
        self._log_pause = False
        self.settings = settings.current
        self._renew()

    def _renew(self) -> None:
        self.emulation = Emulation(self.settings)
        self.monitor = Monitor(self.emulation)
        self.testers: list[Tester] = []
        self.tester_of: dict[tuple[str, str, bool], int] = {}
        self.default_tester: Tester | None = None
        self.log = Log()
        self.log_of: set[str] = set()
        self.log_timeout: float | None = None

    def close(self) -> None:
        """Switch everything off; the library can be used again."""
        self.emulation.close()
        self._renew()

    def _seconds(self, timeout: float | None) -> float | None:
        if timeout is not None and timeout < 0:
            raise KeywordError(f"timeout: {timeout} is negative")
        return None if timeout is None else timeout * self.settings.timeout_factor
