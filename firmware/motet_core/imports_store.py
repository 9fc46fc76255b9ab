# SPDX-License-Identifier: Apache-2.0
"""The import motet:device/store, on the device's service for state."""

from motet_core.capability import EMPTY, VALUE, Capability, service, too_often
from motet_core.errors import Denied, InvalidParams, NoMemory
from motet_core.grant_limits import Bucket, Names, is_name


class Store(Capability):
    def use(self, entries):
        self._keys = Names([(key, Bucket(rate)) for key, _, rate in entries])
        self._quota = max([quota for _, quota, _ in entries]) if entries else 0

    def check(self, key, value=None):
        bucket = self._keys.find(key)
        if bucket is None:
            raise Denied("the key %s is not granted" % key[:64])
        if bucket.rate and not bucket.take():
            raise too_often()

    def may_ask(self, prefix=None):
        if not self._keys:
            raise Denied("the grant has no keys any more")

    def get(self, key):
        return self._state().get(self.component, _name(key))

    def set(self, key, value):
        state = self._state()
        try:
            state.set(self.component, _name(key), bytes(value), self._quota)
        except NoMemory as error:
            if state.usage(self.component) + len(key) + len(value) <= self._quota:
                raise
            raise Denied(error.message, "limited")

    def delete(self, key):
        return self._state().delete(self.component, _name(key))

    def keys(self, prefix):
        return [key for key in self._state().keys(self.component, prefix) if self._keys.find(key) is not None]

    def usage(self):
        return {"used": self._state().usage(self.component), "quota": self._quota}

    def _state(self):
        return service(self.device, "state")


def _name(key):
    # A pattern covers such texts as well; in a store they would only confuse.
    if not is_name(key):
        raise InvalidParams("a key has 1 to 64 visible characters, none of them * + # and no two dots in a row")
    return key


FUNCTIONS = {
    "Store": {
        "get": (Store.check, Store.get, VALUE),
        "set": (Store.check, Store.set, EMPTY),
        "delete": (Store.check, Store.delete, VALUE),
        "keys": (Store.may_ask, Store.keys, VALUE),
        "usage-now": (Store.may_ask, Store.usage, VALUE),
    }
}
