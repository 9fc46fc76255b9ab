# SPDX-License-Identifier: Apache-2.0
"""A part of a task's work that others may end: what a cancel scope of anyio is, for the one case that each call has.

A scope of anyio asks the running task and loop for themselves a dozen times, each with a call of the system.
"""

from __future__ import annotations

import asyncio
from types import TracebackType


class Withdrawal:
    """The block ends when somebody calls `withdraw()` while it runs; `why` says so afterwards. Whatever else is cancelled is not
    touched: as with asyncio.timeout, only the cancellation of its own making stops here."""

    __slots__ = ("_before", "_over", "_task", "why")

    def __init__(self) -> None:
        self.why = ""
        self._over = False

    def __enter__(self) -> Withdrawal:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._before = task, task.cancelling()
        return self

    def withdraw(self, why: str) -> None:
        """End the block; a constant word says why. Too late, or a second time, it does nothing."""
        if not self._over and not self.why:
            self.why = why
            self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self._over = True
        if not self.why:
            return False
        mine = self._task.uncancel() <= self._before
        return mine and kind is not None and issubclass(kind, asyncio.CancelledError)
