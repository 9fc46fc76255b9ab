# SPDX-License-Identifier: Apache-2.0
"""Where the bytes of artifacts are: in flash, where they stay and run in place, or on the heap until the next restart.

Both kinds of place offer: stored ("flash" or "ram"); begin(wanted) -> stage; data(key) -> bytes of what is committed, or None;
forget(key); rows() -> (key, wanted, reason) of what is committed; mark(key, reason). A stage offers: received; write(offset,
data); finish() -> the bytes; keep(wanted), after which they outlive a restart where the place can do that; abort().
"""

from motet_core import platform
from motet_core.artifact_params import KINDS
from motet_core.errors import InvalidParams, NoMemory
from motet_core.kv import storage_error

# Heap that stays free for running the device while an artifact arrives.
RESERVE = 4096


class HeapStage:
    def __init__(self, size):
        self._data = bytearray(size)
        self.received = 0

    def write(self, offset, data):
        end = offset + len(data)
        self._data[offset:end] = data
        self.received = max(self.received, end)

    def finish(self):
        # Whoever gets them is then the only one who has them.
        data, self._data = self._data, None
        return data

    def keep(self, wanted):
        """A restart forgets it."""

    def abort(self):
        self._data = None


class HeapSlots:
    """One buffer of exactly its size for each artifact, asked for at once, so that no heap is lost to growing."""

    stored = "ram"

    def begin(self, wanted):
        free = platform.heap_free()
        if wanted["size"] + RESERVE > free:
            raise NoMemory("%d bytes are needed, %d are free" % (wanted["size"] + RESERVE, free))
        try:
            return HeapStage(wanted["size"])
        except MemoryError:
            raise NoMemory("no block of %d bytes in %d free" % (wanted["size"], platform.heap_free()))

    def data(self, key):
        return None

    def forget(self, key):
        """Nothing is kept here."""

    def rows(self):
        return []

    def mark(self, key, reason):
        """Nothing is kept here."""


class FlashStage:
    def __init__(self, store, number):
        self._store = store
        self._number = number
        self.received = 0

    def write(self, offset, data):
        try:
            self.received = self._store.write(self._number, offset, data)
        except platform.native().store.Error as error:
            if error.args[1] == "differs":
                raise InvalidParams("data: not the bytes that came before")
            raise storage_error(error)

    def finish(self):
        try:
            return self._store.finish(self._number)
        except platform.native().store.Error as error:
            raise storage_error(error)

    def keep(self, wanted):
        kind = KINDS.index(wanted["kind"]) + 1
        try:
            self._store.commit(self._number, kind, wanted["name"], wanted["revision"], wanted["digest"])
        except platform.native().store.Error as error:
            raise storage_error(error)

    def abort(self):
        self._store.abort(self._number)


class FlashSlots:
    """Slots of a motet_native.store.Store."""

    stored = "flash"

    def __init__(self, store):
        self._store = store

    def begin(self, wanted):
        try:
            return FlashStage(self._store, self._store.begin(wanted["size"]))
        except platform.native().store.Error as error:
            if error.args[1] == "full":
                raise NoMemory("no free slot of %d bytes in flash; remove an artifact" % wanted["size"])
            raise storage_error(error)

    def data(self, key):
        return self._store.data(KINDS.index(key[0]) + 1, key[1])

    def forget(self, key):
        try:
            self._store.remove(KINDS.index(key[0]) + 1, key[1])
        except platform.native().store.Error as error:
            raise storage_error(error)

    def rows(self):
        rows = []
        for kind, name, revision, size, digest, reason in self._store.artifacts():
            # Kinds of a newer firmware stay where they are.
            if 1 <= kind <= len(KINDS):
                wanted = {"kind": KINDS[kind - 1], "name": name, "revision": revision, "size": size, "digest": digest}
                rows.append(((wanted["kind"], name), wanted, reason))
        return rows

    def mark(self, key, reason):
        plain = "".join([char if " " <= char <= "~" else "?" for char in reason])
        try:
            self._store.mark(KINDS.index(key[0]) + 1, key[1], plain)
        except platform.native().store.Error as error:
            raise storage_error(error)
