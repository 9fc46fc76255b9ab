# SPDX-License-Identifier: Apache-2.0
"""A token bucket: what a device may say unasked."""

from __future__ import annotations


class Limiter:
    """Allows `burst` events at once and `rate` a second in the long run; times are seconds of any clock that only grows."""

    def __init__(self, burst: int, rate: float) -> None:
        self._burst, self._rate = float(burst), rate
        self._left, self._at = float(burst), 0.0

    def allows(self, now: float) -> bool:
        """Take one event at time `now`."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
