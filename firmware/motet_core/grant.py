# SPDX-License-Identifier: Apache-2.0
"""What the gateway lets one component do on this device: a signed CBOR map.

{1: component, 2: revision, 3: digest of the artifact, 4: device id (any device without), 5: not after (Unix seconds; for ever
without), 6: {capability: [entry, ...]}, 7: serial}. An entry is a list with the values of the record `limits` of the capability's
interface in wit/, in that order: an enum is its index, an option that is absent 0. docs/capabilities.md has them all.
"""

from motet_core import grant_limits, platform, topics
from motet_core.errors import Denied, Untrusted, WireError
from motet_core.wire import record

_UINT32 = 0xFFFFFFFF
_TABLE = (
    (1, "component", "text", 1, 32, True),
    (2, "revision", "uint", 0, _UINT32, True),
    (3, "digest", "bytes", 32, 32, True),
    (4, "device", "text", 1, 32, False),
    (5, "until", "uint", 1, 1 << 40, False),
    (6, "limits", "any", 0, 0, True),
    (7, "serial", "uint", 1, 1 << 52, True),
)


class Grant:
    """A grant whose signature has been checked. Untrusted says what is wrong with it."""

    def __init__(self, payload):
        try:
            fields = record.decode("grant", _TABLE, payload)
        except WireError as error:
            raise Untrusted(error.message)
        self.component, self.revision, self.digest = fields["component"], fields["revision"], fields["digest"]
        self.device, self.until, self.serial = fields["device"], fields["until"], fields["serial"]
        self.limits = fields["limits"]
        grant_limits.check(self.limits)
        self._clock, self._reason = False, None
        # The device's clock for which it counts without a further look; no clock is False.
        self.good = False
        self._ends_ms = 0

    def check_for(self, wanted):
        """Untrusted unless it is for exactly this artifact: name, revision and digest."""
        for name, own in (("name", self.component), ("revision", self.revision), ("digest", self.digest)):
            if wanted[name] != own:
                raise Untrusted("the grant is for another %s" % ("component" if name == "name" else name))

    def check_time(self, device):
        """Untrusted when it does not count at this moment on `device`."""
        try:
            self.check_now(device)
        except Denied as error:
            raise Untrusted(error.message)

    def check_now(self, device):
        """Denied when it does not count at this moment. Need not be asked while `good` is the device's clock."""
        if self._clock is not device.clock:
            self._look(device)
        if self._reason is not None:
            raise Denied(*self._reason)
        if self.until is None:
            self.good = device.clock
        elif platform.clock_ms() > self._ends_ms:
            raise Denied("the grant has ended", "expired")

    def may(self, number, name, direction=None):
        """Whether the limits of a capability cover a name, or a topic pattern in a direction, apart from rate and time."""
        for entry in self.limits.get(number, []):
            if number == grant_limits.MESSAGING:
                if entry[0] == direction and topics.covers(entry[1], name):
                    return True
            elif grant_limits.Names([(entry[0], True)]).find(name):
                return True
        return False

    def _look(self, device):
        self._clock, self._reason = device.clock, None
        own = device.known_id()
        if self.device is not None and self.device != own:
            self._reason = ("the grant is for the device %s, this is %s" % (self.device, own or "one without a name"), "denied")
        elif self.until is not None and device.clock is None:
            self._reason = ("the grant ends, and this device does not know the time", "expired")
        elif self.until is not None:
            self._ends_ms = self.until * 1000 - device.clock
