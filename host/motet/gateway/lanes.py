# SPDX-License-Identifier: Apache-2.0
"""Short queues to devices."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger(__name__)
WAITING = 32
Item = tuple[str, dict[str, Any], Any]


class Lanes:
    """One queue for each device, worked off in order by `work(device, method, params, origin)`, as long as there is something."""

    def __init__(self, work: Callable[[str, str, dict[str, Any], Any], Awaitable[None]]) -> None:
        self._work = work
        self._queues: dict[str, deque[Item]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def put(self, device: str, method: str, params: dict[str, Any], origin: Any) -> bool:
        """Whether there was room."""
        queue = self._queues.setdefault(device, deque())
        if len(queue) >= WAITING:
            return False
        queue.append((method, params, origin))
        if device not in self._tasks:
            self._tasks[device] = asyncio.create_task(self._run(device), name=f"messages to {device}")
        return True

    def tasks(self) -> list[asyncio.Task[None]]:
        """Those at work."""
        return list(self._tasks.values())

    async def _run(self, device: str) -> None:
        queue = self._queues[device]
        try:
            while queue:
                try:
                    await self._work(device, *queue.popleft())
                except Exception:
                    # What nobody foresaw must not stop the lane.
                    log.exception("a message to %s failed", device)
        finally:
            del self._tasks[device]
            if not queue:
                del self._queues[device]
