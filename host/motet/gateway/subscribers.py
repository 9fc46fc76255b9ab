# SPDX-License-Identifier: Apache-2.0
"""Which devices have subscribed to what: each that takes part in messages is asked when it comes, and told what the others want.

A device that says in its presence record that it takes no part is left alone. When ten thousand come at once, few are asked at a
time, and what they are to be told is found out when it is their turn.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from motet.fleet import Device, Fleet, FleetError
from motet.gateway.topicmap import TopicMap

TIMEOUT_S = 10.0
# Devices that are asked or told at the same time.
AT_ONCE = 32
# Between two looks at what has changed for everybody, and devices that are looked at in one go.
_DISTANCE_S, _GO = 0.1, 500


class Subscribers:
    """Of the devices of `fleet`; `map` knows them. `counts` gets what made no sense and what could not be told."""

    def __init__(self, fleet: Fleet, counts: Counter[str]) -> None:
        self.map = TopicMap()
        self._fleet, self._counts = fleet, counts
        self._told: dict[str, list[str]] = {}
        self._unasked: set[str] = set()
        # Who is to be asked or told, in this order.
        self._waiting: dict[str, None] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Asks and tells inside the block."""
        for device in self._fleet.devices():
            if device.online:
                self.arrived(device)
        task = asyncio.create_task(self._look(), name="wanted topics")
        try:
            yield
        finally:
            self._waiting.clear()
            tasks = (task, *self._workers)
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def arrived(self, device: Device) -> None:
        """It is there, or has booted anew."""
        self._told.pop(device.id, None)
        if device.silent:
            self._unasked.discard(device.id)
            self.set(device.id, None)
        else:
            self._unasked.add(device.id)
            self._queue(device.id)

    def gone(self, device: str) -> None:
        """It is not there any more."""
        self._told.pop(device, None)
        self._unasked.discard(device)
        self._waiting.pop(device, None)
        self.set(device, None)

    def set(self, device: str, rows: Any) -> None:
        """What it says of its subscriptions; None: it takes no part."""
        version = self.map.version
        self._counts["malformed"] += self.map.set(device, rows)
        if self.map.version != version:
            self._changed.set()

    def _queue(self, device: str) -> None:
        self._waiting[device] = None
        if len(self._workers) < AT_ONCE:
            worker = asyncio.create_task(self._work(), name="subscriptions")
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        while self._waiting:
            device = next(iter(self._waiting))
            del self._waiting[device]
            if device in self._unasked:
                self._unasked.discard(device)
                await self._ask(device)
            if self.map.takes_part(device) and self._told.get(device) != (wanted := self.map.wanted_of(device)):
                await self._tell(device, wanted)

    async def _ask(self, device: str) -> None:
        with contextlib.suppress(FleetError):
            # Failing: one without messages, or it has gone again.
            answer = await self._fleet.call(device, "message.subscriptions", {}, TIMEOUT_S)
            self.set(device, answer.get("subscriptions"))

    async def _tell(self, device: str, wanted: list[str]) -> None:
        self._told[device] = wanted
        try:
            await self._fleet.call(device, "message.wanted", {"patterns": wanted}, TIMEOUT_S)
        except FleetError:
            self._counts["failed"] += 1
            # Told again when something changes, or when it comes back.
            self._told.pop(device, None)

    async def _look(self) -> None:
        """Devices are told which topics others want, so that only those leave them."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            for number, device in enumerate(self.map.devices()):
                if self.map.takes_part(device) and self._told.get(device) != self.map.wanted_of(device):
                    self._queue(device)
                if number % _GO == _GO - 1:
                    await asyncio.sleep(0)
            await asyncio.sleep(_DISTANCE_S)
