# SPDX-License-Identifier: Apache-2.0
"""Tasks that have ended: kept so that their results can be fetched, until their time is over or there are too many of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from motet.gateway.tasktable import Task

# All together, and those of one caller: how many, and the bytes of their results.
MOST, MOST_OF_ONE = 10_000, 1_000
MOST_BYTES, MOST_BYTES_OF_ONE = 64 << 20, 16 << 20


@dataclass
class _Pile:
    """Sizes by task, in the order in which they ended."""

    most: int
    most_bytes: int
    sizes: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    def add(self, task: str, size: int) -> None:
        self.sizes[task] = size
        self.bytes += size

    def discard(self, task: str) -> None:
        self.bytes -= self.sizes.pop(task, 0)

    def surplus(self) -> str | None:
        """The oldest, when there is too much; never the only one."""
        full = len(self.sizes) > self.most or self.bytes > self.most_bytes
        return next(iter(self.sizes)) if full and len(self.sizes) > 1 else None


class Finished:
    """What there is of them, by caller. The oldest go first: of the caller who has too many, else of all."""

    def __init__(self) -> None:
        self._all = _Pile(MOST, MOST_BYTES)
        self._of: dict[str, _Pile] = {}
        self._owners: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def add(self, task: Task) -> list[str]:
        """It has ended; returns the tasks that are to be forgotten for it."""
        size = len(json.dumps(task.result or task.error, default=str))
        mine = self._of.setdefault(task.owner, _Pile(MOST_OF_ONE, MOST_BYTES_OF_ONE))
        self._owners[task.id] = task.owner
        for pile in (mine, self._all):
            pile.add(task.id, size)
        gone = []
        for pile in (mine, self._all):
            while (oldest := pile.surplus()) is not None:
                self.discard(oldest)
                gone.append(oldest)
        return gone

    def discard(self, task: str) -> None:
        """It is forgotten; nothing for one that has not ended."""
        owner = self._owners.pop(task, None)
        if owner is not None:
            self._all.discard(task)
            self._of[owner].discard(task)
            if not self._of[owner].sizes:
                del self._of[owner]
