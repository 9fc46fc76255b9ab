# SPDX-License-Identifier: Apache-2.0
"""What components may import: every function has a capability, a check and an implementation, and there is no other way in.

At link time an import whose capability the grant does not have is refused. At each call the grant is asked whether it still
counts, and the capability whether it covers these arguments, so often. What is not allowed becomes the typed error of the
function's `result`; where it has none, the call of the component ends as with a trap. Each denial is counted and told.
"""

from motet_core import grant_limits, platform
from motet_core.capability import PLAIN
from motet_core.errors import Denied, InternalError, MotetError, Refused, ToolError

# Interface: capability, module of its implementation, class in it. That module's FUNCTIONS are by class name
# {function: (check, work, kind)}.
TABLE = {
    "motet:device/log": (grant_limits.LOG, "basic", "Log"),
    "motet:device/clock": (grant_limits.CLOCK, "basic", "Clock"),
    "motet:device/vitals": (grant_limits.VITALS, "basic", "Vitals"),
    "motet:device/sensors": (grant_limits.SENSORS, "sensors", "Sensors"),
    "motet:device/gpio": (grant_limits.GPIO, "gpio", "Gpio"),
    "motet:device/bus": (grant_limits.BUS, "bus", "Bus"),
    "motet:device/store": (grant_limits.STORE, "store", "Store"),
    "motet:device/messaging": (grant_limits.MESSAGING, "messaging", "Messaging"),
    "motet:nn/inference": (grant_limits.MODELS, "models", "Models"),
}
# Of all packages in TABLE.
VERSION = "0.1"
# What this device offers besides, by interface: objects with version, kind, rows and entries(limits of a grant).
more = {}
_TELL_MS = 1000


def find(module):
    """The interface that a core import's module means; None for one that devices do not offer in that version."""
    path, _, version = (module[7:] if module.startswith("cm32p2|") else module).partition("@")
    wanted = more[path].version if path in more else VERSION if path in TABLE else None
    # 0.1.2 is 0.1 with something added: what a device lacks of it shows by name.
    return path if wanted and (version == wanted or version.startswith(wanted + ".")) else None


def functions(path):
    """-> (implementing class, {function: (check, work, kind)})."""
    if path in more:
        return more[path].kind, more[path].rows
    _, module, name = TABLE[path]
    # Imported when the first component needs it: a board without such components does not pay for it.
    found = __import__("motet_core.imports_" + module, None, None, ("FUNCTIONS",))
    return getattr(found, name), found.FUNCTIONS[name]


class Imports:
    """The imports of one component, `owner`. `grant`: what it may, None for nothing; `counters`: the component's."""

    def __init__(self, device, component, grant, counters, owner=None):
        self.owner = owner
        self.device, self.component, self.grant, self.counters = device, component, grant, counters
        self._capabilities = {}
        self._told = {}
        counters["denials"] = 0

    def link(self, instance, types):
        """Gives every import of an instance its implementation. Refused names the first that is not granted."""
        for module, name, _ in instance.imports():
            function = self._callable(module, name)
            if types is None and find(module) not in more:
                raise Refused("has imports, but no type descriptor")
            instance.link_typed(module, name, types, function)

    def renew(self, grant):
        """From now on another grant counts."""
        self.grant = grant
        for path in self._capabilities:
            self._capabilities[path].use(self._entries(path))

    def _entries(self, path):
        if self.grant is None:
            return []
        limits = self.grant.limits
        return more[path].entries(limits) if path in more else limits.get(TABLE[path][0], [])

    def _callable(self, module, name):
        path = find(module)
        if path is None:
            raise Refused("needs the import %s.%s, which this device does not have" % (module, name))
        if not self._entries(path):
            raise Refused("needs the import %s.%s, which this device does not grant" % (module, name))
        kind, rows = functions(path)
        if name not in rows:
            raise Refused("needs the import %s.%s, which this device does not have" % (module, name))
        if path not in self._capabilities:
            self._capabilities[path] = kind(self)
            self._capabilities[path].use(self._entries(path))
        capability = self._capabilities[path]
        guard = guarded(self, path, capability, *rows[name])
        capability.linked(name, guard)
        return guard

    def failed(self, path, capability, kind, error):
        """What a guest gets instead of a value; what its function has no error for is raised, and ends the call."""
        if isinstance(error, Denied):
            self._denied(path, error)
            word = error.word
        else:
            if not isinstance(error, (MotetError, ToolError)):
                self.device.port.log(platform.describe_exception(error))
                error = InternalError("internal error in %s, see the device log" % path)
            word = capability.word(error)
        if kind == PLAIN:
            raise error
        return {"tag": "err", "val": word}

    def _denied(self, path, error):
        """Counts a denial. The gateway hears of the first at once, of more at most once a second."""
        self.counters["denials"] += 1
        now = platform.clock_ms()
        waiting, at = self._told.get(path, (0, None))
        if at is None or now - at >= _TELL_MS:
            data = {"denied": path, "count": waiting + 1, "reason": error.message}
            self.device.outbox.tell("warning", self.component, data)
            waiting, at = -1, now
        self._told[path] = (waiting + 1, at)


def guarded(imports, path, capability, check, work, kind):
    """The callable behind an import: grant, check, work."""
    return platform.native().wasm.Guard(imports, path, capability, check, work, kind)
