# SPDX-License-Identifier: Apache-2.0
"""What the implementations of imports share: the base of capabilities, and how a function tells what went wrong."""

from motet_core.errors import Busy, Denied, Expired, InvalidParams, NoMemory, NotFound, Refused
from motet_core.grant_limits import Bucket

# Kinds of functions: without a WIT result, with one that has a value, with one that has none.
PLAIN, VALUE, EMPTY = 0, 1, 2
_WORDS = ((NoMemory, "full"), (NotFound, "not-found"), (Busy, "busy"), (Expired, "timeout"), (InvalidParams, "invalid"))


class Capability:
    """One capability of one component. A subclass has `use`, and the checks and works that its module's FUNCTIONS name."""

    # Whether the grant allows every call, so that no check need be asked.
    free = False

    def __init__(self, imports):
        self.device, self.component, self.counters = imports.device, imports.component, imports.counters
        self.owner = imports.owner

    def use(self, entries):
        """Compiles the entries of a grant; [] when it has none any more, and then every check denies."""

    def linked(self, name, guard):
        """The import `name` of an instance is served by `guard` from now on."""

    def word(self, error):
        """The case of the typed error for a MotetError or a ToolError."""
        for kind, word in _WORDS:
            if isinstance(error, kind):
                return word
        return "busy" if getattr(error, "kind", None) == "busy" else "unavailable"


class Rated(Capability):
    """A capability with nothing but a rate."""

    def use(self, entries):
        self._bucket = Bucket(entries[0][0]) if entries else None
        self.free = bool(entries) and not self._bucket.rate

    def check(self, *_):
        if self._bucket is None:
            raise Denied("the grant does not have it any more")
        if not self._bucket.take():
            raise too_often()


def too_often():
    return Denied("more often than the grant allows", "limited")


def service(device, name):
    """A service of the device, or Refused, which guests see as `unavailable`."""
    found = getattr(getattr(device, "services", None), name, None)
    if found is None:
        raise Refused("this device has no service for " + name)
    return found
