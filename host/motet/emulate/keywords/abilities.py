# SPDX-License-Identifier: Apache-2.0
"""What machines can do beyond motet.emulate.Machine, and their last words."""

from __future__ import annotations

import re
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from motet.emulate.keywords.errors import KeywordError

# The board's time must move within this many seconds of ours.
_STALL_S = 30.0


@runtime_checkable
class Pausable(Protocol):
    """What most emulators can do."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def virtual_ns(self) -> int | None: ...
    def debugger(self) -> AbstractContextManager[Any]: ...


class Pulse:
    """Notices when the time of a board that runs no longer moves."""

    def __init__(self, name: str) -> None:
        self._name, self._seen, self._since = name, -1, 0.0

    def beat(self, virtual: int, runs: bool) -> None:
        """The board's time is ``virtual`` now. Raises KeywordError when it has not moved for long."""
        if virtual != self._seen or not runs:
            self._seen, self._since = virtual, time.monotonic()
        elif time.monotonic() - self._since > _STALL_S:
            raise KeywordError(f"{self._name}: the board's time has not moved for {_STALL_S:.0f} s; does a debugger hold it?")


def last_words(log: Path) -> str:
    """The end of an emulator's log, behind a colon; empty when there is none."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-4:]
    except OSError:
        return ""
    return ": " + re.sub(r"\s+", " ", " ".join(lines)) if lines else ""
