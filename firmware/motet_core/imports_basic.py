# SPDX-License-Identifier: Apache-2.0
"""The imports motet:device/log, clock and vitals."""

from motet_core import platform
from motet_core.capability import PLAIN, Rated

_MAX_TEXT = 200
_UINT32 = 0xFFFFFFFF


class Log(Rated):
    def check(self, level, text):
        """Lines beyond the rate are no reason to end a component: they are dropped, and the next one says how many."""
        if self._bucket is None:
            super().check()

    def use(self, entries):
        super().use(entries)
        # Beyond the rate lines are dropped, not denied.
        self.free = bool(entries)
        self._dropped = 0

    def write(self, level, text):
        if self._bucket.rate and not self._bucket.take():
            self._dropped += 1
            return
        text = text[:_MAX_TEXT]
        if self._dropped:
            text += " (%d lines before this one were dropped)" % self._dropped
            self._dropped = 0
        self.device.outbox.tell(level, self.component, text)


class Clock(Rated):
    def monotonic(self):
        return platform.clock_ms()

    def wall(self):
        return self.device.time_ms()


class Vitals(Rated):
    def free_memory(self):
        return min(platform.heap_free(), _UINT32)

    def uptime(self):
        return platform.clock_ms()

    def own(self):
        return {name: self.counters[name] & _UINT32 for name in ("calls", "traps", "denials")}


FUNCTIONS = {
    "Log": {"write": (Log.check, Log.write, PLAIN)},
    "Clock": {"monotonic": (Clock.check, Clock.monotonic, PLAIN), "wall": (Clock.check, Clock.wall, PLAIN)},
    "Vitals": {
        "free-memory": (Vitals.check, Vitals.free_memory, PLAIN),
        "uptime": (Vitals.check, Vitals.uptime, PLAIN),
        "own": (Vitals.check, Vitals.own, PLAIN),
    },
}
