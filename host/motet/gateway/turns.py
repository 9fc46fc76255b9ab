# SPDX-License-Identifier: Apache-2.0
"""Calls of one device take turns: a device works on one call at a time and remembers only a few more.

Without this, an agent that makes ten calls at once would get half of them back as "busy".
"""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from motet.gateway.buckets import Buckets


class Crowded(Exception):
    """Too many calls wait for the device already."""


class TooLate(Exception):
    """The time for the call ended before its turn came."""


class TooOften(Exception):
    """The device is asked more often than it may be."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class Turns:
    """At most `at_once` calls are with one device; `waiting` more wait here, first come first served. `rates`: how often each
    device may be asked."""

    def __init__(self, at_once: int, waiting: int, rates: Buckets | None = None) -> None:
        self._at_once, self._waiting, self._rates = at_once, waiting, rates
        # A lane lasts as long as somebody uses it: devices come under ever new names.
        self._lanes: WeakValueDictionary[str, _Lane] = WeakValueDictionary()

    def turn(self, device: str, deadline: float) -> _Turn:
        """`async with` it: the block runs when it is the caller's turn. `deadline` is in the loop's time.

        Entering it raises Crowded, TooLate or TooOften.
        """
        return _Turn(self, device, deadline)

    async def take(self, device: str, deadline: float) -> _Lane:
        """A place with the device, which must be released. Raises as `turn`."""
        if self._rates is not None and (wait_s := self._rates.take(device, asyncio.get_running_loop().time())):
            raise TooOften(wait_s)
        lane = self._lanes.get(device)
        if lane is None:
            lane = self._lanes[device] = _Lane(self._at_once)
        if lane.free.locked():
            await self._wait(lane, deadline)
        else:
            await lane.free.acquire()
        return lane

    async def _wait(self, lane: _Lane, deadline: float) -> None:
        if lane.waiting >= self._waiting:
            raise Crowded
        lane.waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                await lane.free.acquire()
        except TimeoutError:
            raise TooLate from None
        finally:
            lane.waiting -= 1


class _Lane:
    __slots__ = ("__weakref__", "free", "waiting")

    def __init__(self, at_once: int) -> None:
        self.free, self.waiting = asyncio.Semaphore(at_once), 0


class _Turn:
    __slots__ = ("_asked", "_lane", "_turns")

    def __init__(self, turns: Turns, device: str, deadline: float) -> None:
        self._turns, self._asked = turns, (device, deadline)

    async def __aenter__(self) -> None:
        self._lane = await self._turns.take(*self._asked)

    async def __aexit__(self, *_: object) -> None:
        self._lane.free.release()
