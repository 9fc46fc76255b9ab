# SPDX-License-Identifier: Apache-2.0
"""What components keep: values by key, in a namespace of the component's own, forgotten when it is uninstalled.

In flash each change happens or does not, whenever the power fails (docs/storage.md). Forgetting a whole namespace takes many
changes; a note of it is written before the first and goes after the last, and what was cut short is finished at the next start.
"""

from motet_core.errors import InvalidParams, MotetError, NoMemory

MAX_KEY = 64
MAX_VALUE = 1024
_SPACE = "c/"
_NOTE = ("core", "forget")


class State:
    """`storage`: whose values these are (motet_core/storage.py). Who may use which key was checked before."""

    def __init__(self, storage):
        self._storage = storage
        # Bytes of keys and values by component, counted when first asked for.
        self._used = {}

    def get(self, component, key):
        """-> bytes or None."""
        return self._storage.values.get(_SPACE + component, _checked(key))

    def set(self, component, key, value, quota):
        """Kept when it returns. `quota`: bytes of keys and values that the component may have. NoMemory: beyond it, or no room
        in the flash; StorageFailed: worn out."""
        size = len(_checked(key).encode()) + len(value)
        if len(value) > MAX_VALUE:
            raise InvalidParams("value: %d bytes, at most %d" % (len(value), MAX_VALUE))
        values, space = self._storage.values, _SPACE + component
        used = self.usage(component) - self._size(component, key) + size
        if used > quota:
            raise NoMemory("%s would keep %d bytes, its quota are %d" % (component, used, quota))
        if values.get(space, key) != value:
            values.put(space, key, value)
        self._used[component] = used

    def delete(self, component, key):
        """-> whether it was there."""
        used = self.usage(component) - self._size(component, _checked(key))
        there = self._storage.values.delete(_SPACE + component, key)
        self._used[component] = used
        return there

    def keys(self, component, prefix=""):
        """-> texts, sorted."""
        return sorted([key for key in self._storage.values.keys(_SPACE + component) if key.startswith(prefix)])

    def usage(self, component):
        """-> bytes of keys and values."""
        if component not in self._used:
            self._used[component] = sum([self._size(component, key) for key in self.keys(component)])
        return self._used[component]

    def forget(self, component):
        """It was removed or replaced: what it uses is counted anew."""
        self._used.pop(component, None)

    def forget_counts(self):
        """The storage was formatted."""
        self._used = {}

    def _size(self, component, key):
        value = self._storage.values.get(_SPACE + component, key)
        return 0 if value is None else len(key.encode()) + len(value)


def _checked(key):
    if not isinstance(key, str) or not 0 < len(key.encode()) <= MAX_KEY:
        raise InvalidParams("key: expected a text of 1 to %d bytes" % MAX_KEY)
    return key


def leaving(values, component):
    """The component is about to be uninstalled."""
    values.put(_NOTE[0], _NOTE[1], component.encode())


def gone(values, component):
    """It is uninstalled: what it kept goes, too."""
    space = _SPACE + component
    for key in values.keys(space):
        values.delete(space, key)
    values.delete(*_NOTE)


def finish(values, is_installed, log):
    """At a start: ends what a loss of power has interrupted. `is_installed(component)`."""
    note = values.get(*_NOTE)
    if note is None:
        return
    try:
        component = note.decode()
        if is_installed(component):
            values.delete(*_NOTE)
        else:
            gone(values, component)
    except MotetError as error:
        log("what an uninstalled component kept is still there: " + error.message)
