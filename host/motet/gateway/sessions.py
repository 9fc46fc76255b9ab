# SPDX-License-Identifier: Apache-2.0
"""Open sessions of clients from before 2026-07-28, and what they are told: lists and resources that changed.

One that does not read never keeps the others waiting, and hears of several changes of the same thing once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from motet.gateway.views import FLEET, View

log = logging.getLogger(__name__)

_SEND_S = 10.0


class Connection(Protocol):
    """What an older client's connection can do for us."""

    async def notify(self, method: str, params: Mapping[str, Any] | None) -> None: ...


class Sessions:
    """All of them."""

    def __init__(self) -> None:
        self._open: dict[Connection, _Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection, view: View = FLEET) -> bool:
        """From now on, tell it; False when that was so already."""
        new = connection not in self._open
        if new:
            self._open[connection] = _Session(connection, view)
        return new

    def discard(self, connection: Connection) -> set[str]:
        """The session is over; returns the resources it was subscribed to."""
        session = self._open.pop(connection, None)
        if session is None:
            return set()
        session.stop()
        return session.uris

    def view(self, connection: Connection, other: View) -> View:
        """The view that a session is told of; the `other` for one that is not open."""
        session = self._open.get(connection)
        return other if session is None else session.view

    def uris(self, connection: Connection) -> set[str]:
        """The resources that a session is subscribed to, to be changed by the caller; nothing for one that is not open."""
        session = self._open.get(connection)
        return set() if session is None else session.uris

    def announce(self, what: str, concerns: Callable[[View], bool]) -> None:
        """A list ("tools", "resources", "prompts") is another one in the views that it `concerns`."""
        for session in self._open.values():
            if concerns(session.view):
                session.tell(f"notifications/{what}/list_changed", None)

    def updated(self, view: View, uri: str) -> None:
        """A resource has another content."""
        for session in self._open.values():
            if session.view == view and uri in session.uris:
                session.tell("notifications/resources/updated", uri)


class _Session:
    def __init__(self, connection: Connection, view: View) -> None:
        self.view = view
        self.uris: set[str] = set()
        self._connection = connection
        self._news: dict[tuple[str, str | None], None] = {}
        self._task: asyncio.Task[None] | None = None

    def tell(self, method: str, uri: str | None) -> None:
        self._news[(method, uri)] = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _send(self) -> None:
        try:
            while self._news:
                method, uri = next(iter(self._news))
                del self._news[(method, uri)]
                async with asyncio.timeout(_SEND_S):
                    await self._connection.notify(method, None if uri is None else {"uri": uri})
        except Exception as error:
            log.info("a session could not be told of a change: %s", error or type(error).__name__)
