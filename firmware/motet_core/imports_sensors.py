# SPDX-License-Identifier: Apache-2.0
"""The import motet:device/sensors."""

from motet_core.capability import VALUE, Capability, too_often
from motet_core.errors import Denied, InvalidParams, NotFound, Refused
from motet_core.grant_limits import Bucket, Names


class Sensors(Capability):
    def use(self, entries):
        self._sensors = self.device.sensors.found
        self._names = Names([(pattern, Bucket(rate)) for pattern, rate in entries])
        # Looked up once: a call then costs the same however many patterns there are.
        found = [(name, self._names.find(name)) for name in self._sensors]
        self._allowed = {name: bucket for name, bucket in found if bucket is not None}

    def may_list(self):
        if not self._names:
            raise Denied("the grant has no sensors any more")

    def may_read(self, name):
        bucket = self._allowed.get(name) or self._names.find(name)
        if bucket is None:
            raise Denied("the sensor %s is not granted" % name[:64])
        if bucket.rate and not bucket.take():
            raise too_often()

    def list(self):
        rows = []
        for name in sorted(self._allowed):
            about = self._sensors[name].about()
            rows.append({"name": name, "description": about["description"], "unit": about.get("unit", "")})
        return rows

    def read(self, name):
        reading = self._reading(name)
        if "value" not in reading:
            raise InvalidParams("this sensor gives blocks")
        return reading["value"]

    def read_block(self, name):
        reading = self._reading(name)
        if "data" not in reading:
            raise InvalidParams("this sensor gives numbers")
        return {"shape": reading["shape"], "data": reading["data"]}

    def _reading(self, name):
        sensor = self._sensors.get(name)
        if sensor is None:
            raise NotFound("no such sensor")
        try:
            return sensor.read()
        except OSError as error:
            raise Refused("sensor %s cannot be read: %s" % (name, error))


FUNCTIONS = {
    "Sensors": {
        "list": (Sensors.may_list, Sensors.list, VALUE),
        "read": (Sensors.may_read, Sensors.read, VALUE),
        "read-block": (Sensors.may_read, Sensors.read_block, VALUE),
    }
}
