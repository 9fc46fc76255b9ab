# SPDX-License-Identifier: Apache-2.0
"""Requests that were refused because of limits go into the audit: how many, of whom and why, summed up.

Somebody who floods the gateway must not flood the audit, too: one entry for a caller and a reason in a while, and few of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator

from motet.policy import Audit
from motet.store import StoreError

log = logging.getLogger(__name__)
GAP_S = 10.0
# Callers and reasons in one go; what is beyond is told as one.
MOST = 32
OTHERS = "others"
_LONGEST = 200


class Sheds:
    """Writes what `note` is told into `audit`."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._some = asyncio.Event()

    def note(self, caller: str, reason: str) -> None:
        """A request of this caller was refused."""
        key = (caller[:_LONGEST], reason)
        self._waiting[key if key in self._waiting or len(self._waiting) < MOST else (OTHERS, reason)] += 1
        self._some.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes inside the block; what came is written before it ends."""
        task = asyncio.create_task(self._run(), name="sheds")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))
            await self._write()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            await self._write()
            await asyncio.sleep(GAP_S)

    async def _write(self) -> None:
        self._some.clear()
        sums, self._waiting = self._waiting, Counter()
        for (caller, reason), count in sums.items():
            detail = {"reason": reason, "count": count}
            try:
                await asyncio.to_thread(self._audit.append, caller, "request", "gateway", "denied", detail)
            except StoreError as error:
                log.error("%d refused requests of %s are not in the audit: %s", count, caller, error)
