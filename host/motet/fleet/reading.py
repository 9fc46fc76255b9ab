# SPDX-License-Identifier: Apache-2.0
"""Reads what devices list, of one kind, until it is what they announce: one of those that announce the same is asked for all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from motet.fleet.catalogues import Ask
from motet.fleet.device import Device
from motet.fleet.errors import FleetError

log = logging.getLogger(__name__)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_RETRY_S, _LAST_RETRY_S = 2.0, 60.0
# Devices that are given a list in one go; others have their turn in between.
_GO = 100


class _Cache(Protocol[T_co]):
    def known(self, wanted: bytes) -> T_co | None: ...

    async def get(self, wanted: bytes, device: str, ask: Ask) -> T_co: ...


class _Group:
    """Devices that announce one hash. `asked`: the one that is being read; `pauses`: until when those that failed are left
    alone, and for how long after the next time."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self.pauses: dict[str, tuple[float, float]] = {}
        self.asked = ""
        self.task: asyncio.Task[None] | None = None
        self.news = asyncio.Event()

    def add(self, device: Device) -> None:
        self.devices[device.id] = device
        self.news.set()

    def discard(self, device: str) -> None:
        self.devices.pop(device, None)
        self.pauses.pop(device, None)

    def pause(self, device: str) -> None:
        """It has failed; the others have their turn."""
        _, delay = self.pauses.get(device, (0.0, _RETRY_S))
        self.pauses[device] = (_now() + delay, min(2 * delay, _LAST_RETRY_S))

    async def next(self) -> Device:
        """Whose turn it is, once it has come."""
        while True:
            due = {name: self.pauses.get(name, (0.0, 0.0))[0] for name in self.devices}
            first = min(due, key=due.__getitem__)
            if (wait := due[first] - _now()) <= 0:
                return self.devices[first]
            self.news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self.news.wait()


class Reading(Generic[T]):
    """`has` says by which hash a device's list is known, `put` takes a new one over."""

    def __init__(
        self,
        what: str,
        cache: _Cache[T],
        ask: Callable[[Device], Ask],
        has: Callable[[Device], bytes],
        put: Callable[[Device, bytes, T], None],
    ) -> None:
        self._what, self._cache, self._ask, self._has, self._put = what, cache, ask, has, put
        # Which hash a device waits for, and who waits for a hash.
        self._wanted: dict[str, bytes] = {}
        self._groups: dict[bytes, _Group] = {}

    def __len__(self) -> int:
        return len(self._wanted)

    def want(self, device: Device, wanted: bytes) -> None:
        """The device announces `wanted`."""
        if self._wanted.get(device.id) == wanted:
            return
        # What it listed before is what nobody will see any more.
        self.stop(device)
        if wanted == self._has(device):
            return
        found = self._cache.known(wanted)
        if found is not None:
            self._put(device, wanted, found)
            return
        self._wanted[device.id] = wanted
        group = self._groups.setdefault(wanted, _Group())
        group.add(device)
        if group.task is None:
            self._begin(wanted, group)

    def stop(self, device: Device) -> None:
        """Read it no more."""
        wanted = self._wanted.get(device.id)
        if wanted is None:
            return
        group = self._groups[wanted]
        self._leave(device.id, wanted, group)
        if group.devices and group.asked != device.id:
            return
        if group.task is not None:
            group.task.cancel()
        if group.devices:
            self._begin(wanted, group)

    async def close(self) -> None:
        """Stop reading all of them."""
        tasks = [group.task for group in self._groups.values() if group.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, wanted: bytes, group: _Group) -> None:
        group.asked = ""
        group.task = asyncio.create_task(self._read(wanted, group), name=f"{self._what} {wanted.hex()}")

    async def _read(self, wanted: bytes, group: _Group) -> None:
        found: T | None = None
        while found is None:
            device = await group.next()
            group.asked = device.id
            try:
                found = await self._cache.get(wanted, device.id, self._ask(device))
            except FleetError as error:
                log.warning("the %s of %s cannot be read: %s", self._what, device.id, error)
                group.pause(device.id)
            except Exception:
                # What nobody foresaw of one device must not keep the others from their lists.
                log.exception("reading the %s of %s failed", self._what, device.id)
                group.pause(device.id)
            group.asked = ""
        while group.devices:
            for device in tuple(group.devices.values())[:_GO]:
                # What the ones before brought about may have changed what this one wants.
                if device.id in group.devices:
                    self._leave(device.id, wanted, group)
                    self._put(device, wanted, found)
            await asyncio.sleep(0)

    def _leave(self, device: str, wanted: bytes, group: _Group) -> None:
        del self._wanted[device]
        group.discard(device)
        if not group.devices:
            del self._groups[wanted]


def _now() -> float:
    return asyncio.get_running_loop().time()
