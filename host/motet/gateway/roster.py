# SPDX-License-Identifier: Apache-2.0
"""What each device shows, in the order of the full names: `<lead><device><end>...`.

Ten thousand equal devices hold the same object, and nothing is kept for each name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

R = TypeVar("R")
T = TypeVar("T")


class Roster(Generic[T]):
    """`end`: one character that no device's id contains."""

    def __init__(self, lead: str, end: str) -> None:
        self._lead, self._end = lead, end
        self._shown: dict[str, T] = {}
        self._order: list[str] | None = None
        self._derived: dict[str, Any] = {}

    def put(self, device: str, what: T) -> None:
        """The device shows this now."""
        if device not in self._shown:
            self._order = None
        self._shown[device] = what
        self._derived.clear()

    def pop(self, device: str) -> T | None:
        """The device shows nothing any more; returns what it did."""
        if device in self._shown:
            self._order = None
            self._derived.clear()
        return self._shown.pop(device, None)

    def get(self, device: str) -> T | None:
        """What the device shows."""
        return self._shown.get(device)

    def items(self) -> Iterator[tuple[str, T]]:
        """All of them, in no order."""
        return iter(self._shown.items())

    def derived(self, name: str, make: Callable[[], R]) -> R:
        """What `make` makes of all of them; made again only when one of them is another."""
        if name not in self._derived:
            self._derived[name] = make()
        found: R = self._derived[name]
        return found

    def after(self, last: str) -> Iterator[tuple[str, T]]:
        """In order, the devices that may have full names after `last`."""
        if last > self._lead and not last.startswith(self._lead):
            return
        if self._order is None:
            # With its end, because "a-b.x" stands before "a.x".
            self._order = sorted(device + self._end for device in self._shown)
        order, own = self._order, last.removeprefix(self._lead)
        first = bisect_left(order, own.partition(self._end)[0] + self._end) if own and last > self._lead else 0
        for at in range(first, len(order)):
            device = order[at][:-1]
            yield device, self._shown[device]
