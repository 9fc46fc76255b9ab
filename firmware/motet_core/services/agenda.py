# SPDX-License-Identifier: Apache-2.0
"""What components are to do by themselves, and when: one piece of it runs between two requests."""


class Agenda:
    """`clock`: ms that only grow. Work is an async function without arguments; `owner` is a component's name."""

    def __init__(self, clock):
        self._clock = clock
        self._items = []
        self._last = 0

    def at(self, due, owner, work):
        """Lets `work` run once, not before `due`; of what is due at the same time, what was put down first.

        -> what `drop` takes.
        """
        self._last += 1
        index = len(self._items)
        # Mostly it is the latest.
        while index and self._items[index - 1][0] > due:
            index -= 1
        item = (due, self._last, owner, work)
        self._items.insert(index, item)
        return item

    def soon(self, owner, work):
        self.at(self._clock(), owner, work)

    def drop(self, item):
        """It need not run any more."""
        if item in self._items:
            self._items.remove(item)

    def forget(self, owner):
        """Nothing more of it."""
        self._items = [item for item in self._items if item[2] != owner]

    def wait_ms(self):
        """Until something is due: 0 when it is, None when there is nothing."""
        return max(0, self._items[0][0] - self._clock()) if self._items else None

    def take(self):
        """The next piece of work that is due, None when there is none."""
        return self._items.pop(0)[3] if self.wait_ms() == 0 else None
