# SPDX-License-Identifier: Apache-2.0
"""Resources that somebody is subscribed to: read again and again where a device does not say itself that they changed.

A resource is read once for all who wait for it, and only while somebody does. Most sensors cannot tell that their value is
another one, and a device should not keep account of who wants to know.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging

from motet.fleet import Event, Fleet, FleetError
from motet.gateway.hub import Hub
from motet.gateway.own import OwnResources
from motet.gateway.views import Views
from motet.wire import WireError

log = logging.getLogger(__name__)

_TIMEOUT_S = 10.0
# Reads at the same time, of all devices.
AT_ONCE = 16


class Watcher:
    """Reads what `hub` watches every `interval_s` seconds, and tells it of what changed."""

    def __init__(self, fleet: Fleet, hub: Hub, own: OwnResources, interval_s: float, views: Views) -> None:
        self._fleet, self._hub, self._own, self._interval_s, self._views = fleet, hub, own, interval_s, views
        self._seen: dict[tuple[str, str], bytes] = {}
        self._wake = asyncio.Event()
        self._telling: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Something new is watched."""
        self._wake.set()

    def happened(self, event: Event) -> None:
        """A device says itself that a resource changed, or has logged something."""
        data = event.data or {}
        own = self._own.heard(event.device, data) if event.kind == "message" else data.get("uri")
        if isinstance(own, str) and self._hub.watched:
            telling = asyncio.create_task(self._tell(event.device.id, own))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._hub.watched:
                await self._round()
                await asyncio.sleep(self._interval_s)
            self._seen.clear()

    async def _round(self) -> None:
        wanted = {found for view, uri in self._hub.watched if (found := view.uris.own(uri)) is not None}
        for gone in self._seen.keys() - wanted:
            del self._seen[gone]
        turns = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._look(device, own, turns) for device, own in wanted))

    async def _look(self, device: str, own: str, turns: asyncio.Semaphore) -> None:
        found = self._fleet.get(device)
        # The gateway's own resources say themselves when they change.
        if found is None or not found.online or own.startswith("gateway://"):
            return
        try:
            async with turns:
                result = await self._fleet.call(device, "resources/read", {"uri": own}, _TIMEOUT_S)
        except (FleetError, WireError, ValueError) as error:
            # One that nobody can ask for must not end the watch of the others.
            log.debug("%s of %s could not be read: %s", own, device, error)
            return
        digest = hashlib.sha256(json.dumps(result.get("contents"), default=str).encode()).digest()
        before, self._seen[(device, own)] = self._seen.get((device, own)), digest
        if before not in (None, digest):
            await self._tell(device, own)

    async def _tell(self, device: str, own: str) -> None:
        for view in self._views.showing(device):
            try:
                uri = view.uris.exposed(device, own)
            except ValueError:
                # No resource, or none of this view.
                continue
            if self._hub.watched[(view, uri)]:
                self._hub.updated(view, uri)
