# SPDX-License-Identifier: Apache-2.0
"""Who has subscribed to what: patterns by device, and the devices a topic goes to."""

from __future__ import annotations

from typing import Any

from motet_core import topics
from motet_core.wire.presence import valid_id

MAX_ROWS = 256
# As many as a device remembers of what others want; with more it is told that everything is wanted.
MAX_WANTED = 64
_REMEMBERED = 4096


class TopicMap:
    """The subscriptions of devices that take part. `version` is another one after each change."""

    def __init__(self) -> None:
        self.version = 0
        self._patterns: dict[str, frozenset[str]] = {}
        # Who has subscribed to a pattern, in the order in which they came.
        self._devices: dict[str, dict[str, None]] = {}
        self._known: dict[str, tuple[str, ...]] = {}

    def set(self, device: str, rows: Any) -> int:
        """The subscriptions that a device tells of, [[component, pattern], ...]; None: it does not take part.

        Returns how many rows make no sense, which are left out.
        """
        if not isinstance(rows, list):
            self._replace(device, None)
            return int(rows is not None)
        good = [row for row in rows[:MAX_ROWS] if _is_row(row)]
        self._replace(device, frozenset(row[1] for row in good))
        return len(rows) - len(good)

    def _replace(self, device: str, patterns: frozenset[str] | None) -> None:
        before = self._patterns.get(device)
        if before == patterns:
            return
        self.version += 1
        if patterns is None:
            del self._patterns[device]
        else:
            self._patterns[device] = patterns
        old, new = before or frozenset(), patterns or frozenset()
        if old != new:
            self._known.clear()
        for pattern in old - new:
            del self._devices[pattern][device]
            if not self._devices[pattern]:
                del self._devices[pattern]
        for pattern in new - old:
            self._devices.setdefault(pattern, {})[device] = None

    def devices(self) -> list[str]:
        """Those that take part."""
        return list(self._patterns)

    def takes_part(self, device: str) -> bool:
        """Whether it is one of them."""
        return device in self._patterns

    def wanted_of(self, device: str) -> list[str]:
        """What the others have subscribed to."""
        if len(self._devices) - len(self._patterns.get(device, ())) > MAX_WANTED:
            return ["#"]
        found = [pattern for pattern, devices in self._devices.items() if len(devices) > 1 or device not in devices]
        return sorted(found) if len(found) <= MAX_WANTED else ["#"]

    def subscribers(self, topic: str, sender: str) -> list[str]:
        """The devices that want a topic, but for its sender."""
        if topic not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            matching = (devices for pattern, devices in self._devices.items() if topics.matches(pattern, topic))
            self._known[topic] = tuple(dict.fromkeys(device for devices in matching for device in devices))
        return [device for device in self._known[topic] if device != sender]


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 2 and valid_id(row[0]) and topics.valid_pattern(row[1])
