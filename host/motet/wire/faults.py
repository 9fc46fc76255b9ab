# SPDX-License-Identifier: Apache-2.0
"""Counting what peers do wrong, and telling of it without letting them fill the log."""

from __future__ import annotations

from collections import Counter
from logging import Logger


class Faults(Counter[str]):
    """Counts by kind. `note` logs the 1st, 2nd, 4th, 8th... of a kind: a flood is told ever less often."""

    def __init__(self, log: Logger) -> None:
        super().__init__()
        self._log = log

    def note(self, kind: str, message: str, *details: object) -> None:
        """Count one fault of `kind` and perhaps log it; `message` and `details` as for logging."""
        self[kind] += 1
        count = self[kind]
        if count & (count - 1) == 0:
            self._log.warning(message + (" (%d times so far)" if count > 1 else ""), *details, *((count,) if count > 1 else ()))
