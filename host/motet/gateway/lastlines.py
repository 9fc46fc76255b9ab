# SPDX-License-Identifier: Apache-2.0
"""The last lines that devices have logged."""

from __future__ import annotations

from collections import OrderedDict, deque

# Lines of a device's log that are kept, and the longest of them.
KEPT_LINES, LONGEST_LINE = 200, 512
# Characters of all of them together. Beyond it, those devices lose theirs that have said nothing for the longest time.
MOST = 16 << 20


class LastLines:
    """By device."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._lines: OrderedDict[str, deque[str]] = OrderedDict()

    def add(self, device: str, line: str) -> None:
        """The device has logged this."""
        lines = self._lines.setdefault(device, deque())
        self._lines.move_to_end(device)
        lines.append(line[:LONGEST_LINE])
        self._size += len(lines[-1])
        if len(lines) > KEPT_LINES:
            self._size -= len(lines.popleft())
        while self._size > self._most:
            self.forget(next(iter(self._lines)))

    def of(self, device: str) -> str:
        """Its lines, the oldest first."""
        return "\n".join(self._lines.get(device, ()))

    def forget(self, device: str) -> None:
        """The device will not come back."""
        self._size -= sum(map(len, self._lines.pop(device, ())))
