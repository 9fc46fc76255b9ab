# SPDX-License-Identifier: Apache-2.0
"""The import motet:device/gpio."""

from motet_core.capability import EMPTY, VALUE, Capability, too_often
from motet_core.errors import Denied
from motet_core.grant_limits import Bucket

_IN, _OUT = 0, 1


class Gpio(Capability):
    def use(self, entries):
        self._pins = {(pin, direction): Bucket(rate) for pin, direction, rate in entries}

    def may_get(self, pin):
        # Who may set a pin may look at it too.
        self._take(self._pins.get((pin, _IN)) or self._pins.get((pin, _OUT)), pin)

    def may_set(self, pin, level):
        self._take(self._pins.get((pin, _OUT)), pin)

    def _take(self, bucket, pin):
        if bucket is None:
            raise Denied("pin %d is not granted for that" % pin)
        if bucket.rate and not bucket.take():
            raise too_often()

    def get(self, pin):
        return self.device.pins.get(pin, (pin, _OUT) not in self._pins)

    def set(self, pin, level):
        self.device.pins.set(pin, level)


FUNCTIONS = {"Gpio": {"get": (Gpio.may_get, Gpio.get, VALUE), "set": (Gpio.may_set, Gpio.set, EMPTY)}}
