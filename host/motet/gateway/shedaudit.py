# SPDX-License-Identifier: Apache-2.0
"""Requests that were refused because of limits, for the audit: how many, of whom and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from motet.gateway.summed import Entry, Summed
from motet.policy import Audit

GAP_S = 10.0
# Callers and reasons in one go; what is beyond is told as one.
MOST = 32
OTHERS = "others"
_LONGEST = 200


class Sheds(Summed):
    """Writes what `note` is told into `audit`: an entry for a caller and a reason in a while, and few of them."""

    def __init__(self, audit: Audit) -> None:
        super().__init__(audit, GAP_S)
        self._waiting: Counter[tuple[str, str]] = Counter()

    def note(self, caller: str, reason: str) -> None:
        """A request of this caller was refused."""
        key = (caller[:_LONGEST], reason)
        self._waiting[key if key in self._waiting or len(self._waiting) < MOST else (OTHERS, reason)] += 1
        self._some.set()

    def _taken(self) -> Iterator[Entry]:
        sums, self._waiting = self._waiting, Counter()
        for (caller, reason), count in sums.items():
            yield Entry(caller, "request", "gateway", {"reason": reason, "count": count})
