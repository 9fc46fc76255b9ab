# SPDX-License-Identifier: Apache-2.0
"""Requests of components that wait for their answers."""

from motet_core.errors import NoMemory

# Of one component.
_MOST = 8


class Pending:
    """`clock`: ms; `drop(timer)`: it is not needed any more. Numbers are never used twice while the device runs."""

    def __init__(self, clock, drop):
        self._clock, self._drop = clock, drop
        self._rows = {}
        self._last = 0

    def add(self, component, to, timeout_ms):
        """-> (number, when it expires). NoMemory: too many are waiting."""
        if len([1 for row in self._rows.values() if row[0] == component]) >= _MOST:
            raise NoMemory("%s waits for %d answers" % (component, _MOST))
        self._last = (self._last + 1) & 0xFFFFFFFF
        self._rows[self._last] = [component, to, None]
        return self._last, self._clock() + timeout_ms

    def ends_with(self, number, timer):
        """What runs when no answer comes. Kept beyond the answer, such timers would fill the memory of the device."""
        self._rows[number][2] = timer

    def is_for(self, number, component, sender):
        """Whether `component` waits for an answer of `sender` under this number."""
        return type(number) is int and self._rows.get(number, ())[:2] == [component, sender]

    def take(self, number):
        """It is over -> [component, to, timer], None when it was before."""
        row = self._rows.pop(number, None)
        if row is not None:
            self._drop(row[2])
        return row

    def forget(self, component):
        self._rows = {number: row for number, row in self._rows.items() if row[0] != component}
