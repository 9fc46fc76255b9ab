# SPDX-License-Identifier: Apache-2.0
"""The limits in a grant: checked when it comes, and compiled so that a call costs the same whatever they say.

The order of an entry's values is that of the record `limits` in wit/, which a test compares.
"""

from motet_core import topics
from motet_core.errors import Untrusted
from motet_core.platform import clock_ms

LOG, CLOCK, VITALS, SENSORS, GPIO, BUS, STORE, MESSAGING, MODELS, WASI = range(1, 11)
# By capability, what stands in an entry: p pattern of a name, t topic pattern, n name, u number, r rate, 2 to 4: so many words.
SHAPES = ("", "r", "r", "r", "pr", "u2r", "nur", "pur", "3tr", "pr", "4r")
PUBLISH, SUBSCRIBE, REQUEST = range(3)
MAX_ENTRIES = 32
_MAX_TEXT = 64
_MAX_RATE = 10000
_UINT32 = 0xFFFFFFFF


def check(limits):
    """Untrusted unless `limits` is {capability: [entry, ...]} and every entry has its shape."""
    if (
        not isinstance(limits, dict)
        or sum([len(limits[each]) if isinstance(limits[each], list) else 0 for each in limits]) > MAX_ENTRIES
    ):
        raise Untrusted("grant: limits are not at most %d entries by capability" % MAX_ENTRIES)
    for number in limits:
        if type(number) is not int or not 0 < number < len(SHAPES):
            raise Untrusted("grant: this device has no capability %s" % (number,))
        entries = limits[number]
        if not isinstance(entries, list) or not entries:
            raise Untrusted("grant: capability %d has no entries" % number)
        for entry in entries:
            if not isinstance(entry, list) or len(entry) != len(SHAPES[number]) or not _fits(entry, SHAPES[number]):
                raise Untrusted("grant: an entry of capability %d has another shape" % number)


def _fits(entry, shape):
    for value, kind in zip(entry, shape):
        if kind in "ptn":
            if not isinstance(value, str) or not is_pattern(value, kind):
                return False
        elif type(value) is not int or not 0 <= value <= {"r": _MAX_RATE, "2": 1, "3": 2, "4": 3}.get(kind, _UINT32):
            return False
    return True


def is_pattern(text, kind):
    """Whether a text can stand in an entry where SHAPES has p, t or n."""
    if kind == "t":
        return len(text) <= _MAX_TEXT and topics.valid_pattern(text)
    body = text[:-1] if kind == "p" and text.endswith("*") else text
    return bool(text) and (not body or is_name(body))


def is_name(text):
    """Whether a text can be the name of a sensor, key, topic or model: visible characters, and none that patterns use."""
    if not 0 < len(text) <= _MAX_TEXT or ".." in text:
        return False
    return all("!" <= char <= "~" and char not in "*+#" for char in text)


class Bucket:
    """A rate: as many calls at once as a second allows, then as they come again. 0 is any number."""

    def __init__(self, rate):
        self.rate = rate
        # In microseconds; a call costs its share of a second.
        self._cost = 1000000 // rate if rate else 0
        self._left = 1000000
        self._at = clock_ms()

    def take(self):
        """Whether one more call is allowed now."""
        if not self.rate:
            return True
        now = clock_ms()
        passed, self._at = now - self._at, now
        self._left = 1000000 if passed >= 1000 else min(1000000, self._left + passed * 1000)
        if self._left < self._cost:
            return False
        self._left -= self._cost
        return True


class Names:
    """Patterns with something for each; the longest that fits a name counts, an exact one before all others."""

    def __init__(self, pairs):
        self._exact, self._open = {}, {}
        for pattern, value in pairs:
            if pattern.endswith("*"):
                self._open[pattern[:-1]] = value
            else:
                self._exact[pattern] = value
        self._lengths = sorted({len(start) for start in self._open}, reverse=True)

    def __bool__(self):
        return bool(self._exact or self._open)

    def find(self, name):
        """What stands with the pattern that fits `name`, None when none does."""
        found = self._exact.get(name)
        if found is None:
            # As many steps as there are lengths of patterns, however many names there are.
            for length in self._lengths:
                found = self._open.get(name[:length]) if len(name) >= length else None
                if found is not None:
                    break
        return found
