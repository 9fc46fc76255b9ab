# SPDX-License-Identifier: Apache-2.0
"""Small values by namespace and key, in the device's flash; in RAM where it has none."""

from motet_core.errors import NoMemory, StorageFailed
from motet_core.platform import native

_NO_ROOM = ("full", "quota")


def storage_error(error):
    """motet_native.store.Error -> the error that goes on the wire."""
    text, word = error.args
    return NoMemory("flash: " + text) if word in _NO_ROOM else StorageFailed("flash: " + text)


class Values:
    """`store`: a motet_native.store.Store, None for RAM. NoMemory: no room; StorageFailed: the flash is worn out."""

    def __init__(self, store=None):
        self._store = store
        self._ram = {}

    @property
    def volatile(self):
        """Whether everything is forgotten with the power."""
        return self._store is None

    def get(self, space, key):
        """-> bytes or None."""
        if self._store is None:
            return self._ram.get((space, key))
        return self._store.get(space, key)

    def put(self, space, key, value, quota=0):
        """Kept for good when it returns. `quota`: bytes of flash that the namespace may occupy, 0 for any."""
        if self._store is None:
            self._ram[space, key] = bytes(value)
            return
        try:
            self._store.put(space, key, value, quota)
        except native().store.Error as error:
            raise storage_error(error)

    def delete(self, space, key):
        """-> whether it was there."""
        if self._store is None:
            return self._ram.pop((space, key), None) is not None
        try:
            return self._store.delete(space, key)
        except native().store.Error as error:
            raise storage_error(error)

    def keys(self, space):
        """-> texts."""
        if self._store is None:
            return [key for own, key in self._ram if own == space]
        return [str(key, "utf-8") for key in self._store.keys(space)]
