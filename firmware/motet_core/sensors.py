# SPDX-License-Identifier: Apache-2.0
"""Sensors as tools: `sensors.list` and `sensors.read`. What a sensor is, the board's HAL knows (motet_core/hal)."""

from motet_core.errors import ToolError


class Sensors:
    """`sensors`: list of HAL sensors with name, description, unit, and read(last) -> dict of JSON values and bytes."""

    blocking = False

    def __init__(self, sensors):
        if sensors is None:
            from motet_core.hal import find

            sensors = find()
        self.found = {sensor.name: sensor for sensor in sensors}

    def tools(self):
        return ("sensors.list", "sensors.read") if self.found else ("sensors.list",)

    def describe(self, name):
        entry = {
            "name": name,
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }
        if name == "sensors.list":
            entry["description"] = "The sensors of this device: name, what it measures, unit."
            entry["inputSchema"] = {"type": "object", "additionalProperties": False}
        else:
            entry["description"] = "One new reading of a sensor. Images and blocks come as base64 bytes with their shape."
            entry["inputSchema"] = {
                "type": "object",
                "properties": {"sensor": {"type": "string", "enum": sorted(self.found)}},
                "required": ["sensor"],
                "additionalProperties": False,
            }
        return entry

    def call(self, name, arguments):
        if name == "sensors.list":
            return {"sensors": [self.found[key].about() for key in sorted(self.found)]}, None
        sensor = self.found[arguments["sensor"]]
        try:
            return sensor.read(), None
        except OSError as error:
            raise ToolError("sensor %s cannot be read: %s" % (sensor.name, error), "unavailable")
