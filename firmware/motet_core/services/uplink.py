# SPDX-License-Identifier: Apache-2.0
"""Messages to components of other devices: to the gateway, of each component only so many a second."""

from motet_core import topics
from motet_core.errors import Busy, InvalidParams, NoMemory

_WANTED = 64
# Messages that a component may send at once, and milliseconds after which it may send one more.
_BURST, _REFILL_MS = 20, 50


class Uplink:
    """`put(method, params)` -> whether there was room; `clock`: ms."""

    def __init__(self, put, clock):
        self.counters = {"sent": 0, "limited": 0, "full": 0}
        self.changed = False
        self._put = put
        self._clock = clock
        self._wanted = ()
        # By component: messages that it may still send, and since when it has so many.
        self._left = {}

    def want(self, patterns):
        """What components of other devices have subscribed to."""
        if not isinstance(patterns, list) or len(patterns) > _WANTED:
            raise InvalidParams("patterns: expected at most %d" % _WANTED)
        for pattern in patterns:
            if not topics.valid_pattern(pattern):
                raise InvalidParams("patterns: one of them is none")
        self._wanted = tuple(patterns)

    def wants(self, topic):
        return any(topics.matches(pattern, topic) for pattern in self._wanted)

    def send(self, component, message):
        """Busy: too many a second; NoMemory: the line to the gateway is slower than that."""
        if not self._spend(component):
            self.counters["limited"] += 1
            raise Busy("%s sends more than %d messages a second" % (component, 1000 // _REFILL_MS))
        message["sender"] = component
        if not self._put("motet/message", message):
            self.counters["full"] += 1
            raise NoMemory("too much is on its way to the gateway")
        self.counters["sent"] += 1

    def announce(self, subscriptions):
        """Tells the gateway of the subscriptions of this device, if they have changed and there is room."""
        if self.changed:
            self.changed = not self._put("motet/subscriptions", {"subscriptions": subscriptions})

    def forget(self, component):
        self._left.pop(component, None)

    def _spend(self, component):
        now = self._clock()
        left, since = self._left.get(component, (_BURST, now))
        more = (now - since) // _REFILL_MS
        left, since = (_BURST, now) if left + more >= _BURST else (left + more, since + more * _REFILL_MS)
        self._left[component] = (max(0, left - 1), since)
        return left > 0
