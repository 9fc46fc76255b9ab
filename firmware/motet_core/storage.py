# SPDX-License-Identifier: Apache-2.0
"""The device's persistent storage: opened at the start, told of and formatted by request.

Whatever is in the flash, the device starts: without a store in it, values and artifacts live in RAM, and are called so.
"""

from motet_core.errors import StorageFailed
from motet_core.kv import Values, storage_error
from motet_core.platform import native
from motet_core.slots import FlashSlots, HeapSlots


class Storage:
    """`flash`: a motet_native.store.Flash or None; `board`: whose content it is."""

    def __init__(self, flash, board):
        self.reason = None
        self._flash, self._board, self._store = flash, board, None
        if flash is None:
            self.reason = "the device has no flash that it can write"
        else:
            self._mount()
        self._use()

    @property
    def has_flash(self):
        return self._flash is not None

    def status(self):
        """Where things are kept, why not in flash, and how worn that is."""
        about = {"stored": self.slots.stored}
        if self.reason is not None:
            about["reason"] = self.reason
        if self._store is not None:
            about["statistics"] = self._store.stats()
        return about

    def format(self):
        """Forgets all values and artifacts, whatever the flash holds. Nobody may use the slots of before any more."""
        if self._flash is None:
            raise StorageFailed(self.reason)
        try:
            if self._store is None:
                self._store = native().store.Store(self._flash, self._board, True)
            else:
                self._store.format()
        except native().store.Error as error:
            raise storage_error(error)
        self.reason = None
        self._use()

    def _use(self):
        self.values = Values(self._store)
        self.slots = HeapSlots() if self._store is None else FlashSlots(self._store)

    def _mount(self):
        store = native().store
        try:
            self._store = store.Store(self._flash, self._board)
        except store.Error as error:
            self.reason = "flash: %s; the method storage.format makes a new store" % error.args[0]
