# SPDX-License-Identifier: Apache-2.0
"""Token buckets: so many a second on average, and a burst after a pause. The time is told to them, in seconds that only grow."""

from __future__ import annotations

from collections import OrderedDict

# What is kept of those who have not asked for long is a full bucket, which a new one is, too.
KEPT = 16_384


class Bucket:
    """`per_second` on average, `burst` at once; a rate of 0 is no limit."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, per_second: float, burst: float, now: float) -> None:
        self._per_second, self._burst = per_second, burst
        self._left, self._at = float(burst), now

    def take(self, now: float) -> float:
        """0.0 when one more is allowed now, else the seconds until one will be."""
        if not self._per_second:
            return 0.0
        if now > self._at:
            self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
            self._at = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) / self._per_second


class Buckets:
    """A bucket for each name, of the `kept` names that asked last; `rates` are other rates of single names."""

    def __init__(self, per_second: float, burst: float, rates: dict[str, float] | None = None, kept: int = KEPT) -> None:
        self._per_second, self._burst, self._rates, self._kept = per_second, burst, rates or {}, kept
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, now: float) -> float:
        """As `Bucket.take`."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = self._made(name, now)
            if len(self._buckets) > self._kept:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        return bucket.take(now)

    def _made(self, name: str, now: float) -> Bucket:
        rate = self._rates.get(name)
        return Bucket(self._per_second, self._burst, now) if rate is None else Bucket(rate, max(1.0, rate), now)
