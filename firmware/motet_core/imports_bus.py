# SPDX-License-Identifier: Apache-2.0
"""The import motet:device/bus."""

from motet_core.capability import VALUE, Capability, too_often
from motet_core.errors import Denied, InvalidParams, Refused
from motet_core.grant_limits import Bucket
from motet_core.hal import buses

_MAX_BYTES = 256
_MAX_ADDRESS = 0x7F


class Bus(Capability):
    def __init__(self, imports):
        super().__init__(imports)
        self._open = {}

    def use(self, entries):
        self._parts = {(name, address): Bucket(rate) for name, address, rate in entries}

    def check(self, name, address, data, count=0):
        bucket = self._parts.get((name, address))
        if bucket is None:
            raise Denied("part %d of the bus %s is not granted" % (address, name[:64]))
        if bucket.rate and not bucket.take():
            raise too_often()

    def i2c(self, name, address, data, count):
        if address > _MAX_ADDRESS or len(data) > _MAX_BYTES or count > _MAX_BYTES:
            raise InvalidParams("an address has 7 bits, a transfer at most %d bytes" % _MAX_BYTES)
        return self._transfer(name, "i2c", address, data, count)

    def spi(self, name, select, data):
        if len(data) > _MAX_BYTES:
            raise InvalidParams("a transfer has at most %d bytes" % _MAX_BYTES)
        return self._transfer(name, "spi", select, data)

    def _transfer(self, name, kind, *arguments):
        if name not in self._open:
            self._open[name] = buses.find(name)
        work = getattr(self._open[name], kind, None)
        if work is None:
            raise Refused("this device has no %s bus %s" % (kind, name))
        try:
            return work(*arguments)
        except OSError as error:
            raise Refused("%s: %s" % (name, error))


FUNCTIONS = {"Bus": {"i2c-transfer": (Bus.check, Bus.i2c, VALUE), "spi-transfer": (Bus.check, Bus.spi, VALUE)}}
