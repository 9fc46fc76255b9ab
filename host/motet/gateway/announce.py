# SPDX-License-Identifier: Apache-2.0
"""Finds out what changed in lists, and has it told.

Changes come in storms (a broker restart brings every device back at once), so announcements keep a distance, and a
change that is undone meanwhile is never announced. Only what may have changed is looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

log = logging.getLogger(__name__)

_DISTANCE_S = 0.1

# Of each kind of list, something that is equal exactly when a device's part of it is; None: it has none.
Prints = Mapping[str, object]
# Told: the kind of list, and whose it is.
Tell = Callable[[str, set[str]], Awaitable[None]]


class Announcer:
    """Compares what is shown of devices with what clients were told last; `changed(device)` wakes it."""

    def __init__(self, tell: Tell, prints: Callable[[str], Prints]) -> None:
        self._tell, self._prints = tell, prints
        self._told: dict[str, dict[str, object]] = {}
        # In the order in which they came.
        self._touched: dict[str, None] = {}
        self._wake = asyncio.Event()

    def changed(self, device: str) -> None:
        """Something of this device may have changed."""
        self._touched[device] = None
        self._wake.set()

    async def run(self) -> None:
        """Announce until cancelled."""
        while True:
            await self._wake.wait()
            if await self.flush():
                await asyncio.sleep(_DISTANCE_S)

    async def flush(self) -> bool:
        """Tell at once what has changed; whether anything had. Before somebody is shown the lists: what comes after is a
        change to them, even when the lists are then as they were told last."""
        if not self._wake.is_set():
            return False
        self._wake.clear()
        touched, self._touched = self._touched, {}
        changes: dict[str, set[str]] = {}
        for device in touched:
            for kind, now in self._prints(device).items():
                if self._differs(kind, device, now):
                    changes.setdefault(kind, set()).add(device)
        for kind, devices in changes.items():
            await self._announce(kind, devices)
        return bool(changes)

    def _differs(self, kind: str, device: str, now: object) -> bool:
        """Whether it is another than told last; from now on it is told."""
        told = self._told.setdefault(kind, {})
        if told.get(device) == now:
            return False
        if now is None:
            del told[device]
        else:
            told[device] = now
        return True

    async def _announce(self, kind: str, devices: set[str]) -> None:
        try:
            await self._tell(kind, devices)
        except Exception:
            # Telling may be somebody's network; later announcements must not suffer.
            log.exception("listeners could not be told of changed %s", kind)


@contextlib.asynccontextmanager
async def running(announcer: Announcer) -> AsyncIterator[None]:
    """Run `announcer` inside the block."""
    task = asyncio.create_task(announcer.run())
    try:
        yield
    finally:
        task.cancel()
        # Not awaited itself: its cancellation and one of the caller could not be told apart.
        await asyncio.wait((task,))
