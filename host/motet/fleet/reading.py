# SPDX-License-Identifier: Apache-2.0
"""Reads what devices list, of one kind, until it is what they announce."""

from __future__ import annotations

import asyncio
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


class _Cache(Protocol[T_co]):
    def known(self, wanted: bytes) -> T_co | None: ...

    async def get(self, wanted: bytes, device: str, ask: Ask) -> T_co: ...


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
        # Who is being read, and for which hash.
        self._readers: dict[str, tuple[bytes, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return len(self._readers)

    def want(self, device: Device, wanted: bytes) -> None:
        """The device announces `wanted`."""
        if device.id in self._readers and self._readers[device.id][0] == wanted:
            return
        # A reader of another list waits for what will never come.
        self.stop(device)
        if wanted == self._has(device):
            return
        found = self._cache.known(wanted)
        if found is not None:
            self._put(device, wanted, found)
        else:
            reader = asyncio.create_task(self._read(device, wanted), name=f"{self._what} of {device.id}")
            self._readers[device.id] = (wanted, reader)

    def stop(self, device: Device) -> None:
        """Read it no more."""
        if device.id in self._readers:
            self._readers.pop(device.id)[1].cancel()

    async def close(self) -> None:
        """Stop reading all of them."""
        readers = [reader for _, reader in self._readers.values()]
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    async def _read(self, device: Device, wanted: bytes) -> None:
        delay = _RETRY_S
        while self._has(device) != wanted:
            try:
                self._put(device, wanted, await self._cache.get(wanted, device.id, self._ask(device)))
            except FleetError as error:
                log.warning("the %s of %s cannot be read: %s", self._what, device.id, error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, _LAST_RETRY_S)
        del self._readers[device.id]
