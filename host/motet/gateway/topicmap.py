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
    """The subscriptions of devices that take part."""

    def __init__(self) -> None:
        self._patterns: dict[str, frozenset[str]] = {}
        self._known: dict[str, tuple[str, ...]] = {}

    def set(self, device: str, rows: Any) -> int:
        """The subscriptions that a device tells of, [[component, pattern], ...]; None: it does not take part.

        Returns how many rows make no sense, which are left out.
        """
        self._known.clear()
        if not isinstance(rows, list):
            self._patterns.pop(device, None)
            return int(rows is not None)
        good = [row for row in rows[:MAX_ROWS] if _is_row(row)]
        self._patterns[device] = frozenset(row[1] for row in good)
        return len(rows) - len(good)

    def devices(self) -> list[str]:
        """Those that take part."""
        return list(self._patterns)

    def wanted_of(self, device: str) -> list[str]:
        """What the others have subscribed to."""
        found = {pattern for other, patterns in self._patterns.items() if other != device for pattern in patterns}
        return sorted(found) if len(found) <= MAX_WANTED else ["#"]

    def subscribers(self, topic: str, sender: str) -> list[str]:
        """The devices that want a topic, but for its sender."""
        if topic not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            matching = (device for device, own in self._patterns.items() if any(topics.matches(one, topic) for one in own))
            self._known[topic] = tuple(matching)
        return [device for device in self._known[topic] if device != sender]


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 2 and valid_id(row[0]) and topics.valid_pattern(row[1])
