# SPDX-License-Identifier: Apache-2.0
"""Tells clients that the list of tools changed: `subscriptions/listen` streams and, of older clients, every session.

Changes come in storms (a broker restart brings every device back at once), so announcements keep a distance, and a
change that is undone meanwhile is never announced.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from mcp.server.subscriptions import SubscriptionBus, ToolsListChanged

log = logging.getLogger(__name__)

_DISTANCE_S = 0.1
_SEND_S = 10.0


class Session(Protocol):
    """What an older client's session can do for us."""

    async def send_tool_list_changed(self) -> None: ...


class Sessions:
    """Open sessions of clients from before 2026-07-28; one that does not read never keeps the others waiting."""

    def __init__(self) -> None:
        self._open: dict[Session, _Teller] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, session: Session) -> bool:
        """From now on, tell `session`; False when that was so already."""
        new = session not in self._open
        if new:
            self._open[session] = _Teller(session)
        return new

    def discard(self, session: Session) -> None:
        """The session is over."""
        if teller := self._open.pop(session, None):
            teller.stop()

    def announce(self) -> None:
        """Tell every session, each at its own pace."""
        for teller in self._open.values():
            teller.tell()


class _Teller:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._stale = False
        self._task: asyncio.Task[None] | None = None

    def tell(self) -> None:
        self._stale = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _send(self) -> None:
        try:
            while self._stale:
                self._stale = False
                async with asyncio.timeout(_SEND_S):
                    await self._session.send_tool_list_changed()
        except Exception as error:
            log.info("a session could not be told of the changed tools: %s", error or type(error).__name__)


class Announcer:
    """Compares what is shown with what clients were told last; `changed()` wakes it."""

    def __init__(self, bus: SubscriptionBus, sessions: Sessions, fingerprint: Callable[[], object]) -> None:
        self._bus, self._sessions, self._fingerprint = bus, sessions, fingerprint
        self._told = fingerprint()
        self._wake = asyncio.Event()

    def changed(self) -> None:
        """The tools may have changed."""
        self._wake.set()

    async def run(self) -> None:
        """Announce until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            now = self._fingerprint()
            if now != self._told:
                self._told = now
                await self._announce()
                await asyncio.sleep(_DISTANCE_S)

    async def _announce(self) -> None:
        self._sessions.announce()
        try:
            await self._bus.publish(ToolsListChanged())
        except Exception:
            # A bus may be somebody's network; later announcements must not suffer.
            log.exception("listeners could not be told of the changed tools")


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
