# SPDX-License-Identifier: Apache-2.0
"""What machines can do beyond motet.emulate.Machine, and their last words."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Pausable(Protocol):
    """What most emulators can do."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def virtual_ns(self) -> int | None: ...
    def debugger(self) -> AbstractContextManager[Any]: ...


def last_words(log: Path) -> str:
    """The end of an emulator's log, behind a colon; empty when there is none."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-4:]
    except OSError:
        return ""
    return ": " + re.sub(r"\s+", " ", " ".join(lines)) if lines else ""
