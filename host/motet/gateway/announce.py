# SPDX-License-Identifier: Apache-2.0
"""Finds out what changed in lists, and has it told.

Changes come in storms (a broker restart brings every device back at once), so announcements keep a distance, and a
change that is undone meanwhile is never announced.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

log = logging.getLogger(__name__)

_DISTANCE_S = 0.1

# Of each kind of list and each device, something that is equal exactly when its list is.
Prints = Mapping[str, Mapping[str, object]]
# Told: the kind of list, and whose it is.
Tell = Callable[[str, set[str]], Awaitable[None]]


class Announcer:
    """Compares what is shown with what clients were told last; `changed()` wakes it."""

    def __init__(self, tell: Tell, prints: Callable[[], Prints]) -> None:
        self._tell, self._prints = tell, prints
        self._told = prints()
        self._wake = asyncio.Event()

    def changed(self) -> None:
        """Something may have changed."""
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
        before, self._told = self._told, self._prints()
        changes = {kind: _changed(before.get(kind, {}), now) for kind, now in self._told.items()}
        for kind, devices in changes.items():
            if devices:
                await self._announce(kind, devices)
        return any(changes.values())

    async def _announce(self, kind: str, devices: set[str]) -> None:
        try:
            await self._tell(kind, devices)
        except Exception:
            # Telling may be somebody's network; later announcements must not suffer.
            log.exception("listeners could not be told of changed %s", kind)


def _changed(before: Mapping[str, object], now: Mapping[str, object]) -> set[str]:
    return {device for device in before.keys() | now.keys() if before.get(device) != now.get(device)}


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
