# SPDX-License-Identifier: Apache-2.0
"""Sensors as tools, `sensors.list` and `sensors.read`, and as resources. What they are, the HAL knows (motet_core/hal)."""

import json

from motet_core.errors import NotFound, ToolError

URI = "device://sensors/"


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

    def resources(self):
        return [
            {"uri": URI + name, "name": name, "description": self.found[name].about()["description"]}
            for name in sorted(self.found)
        ]

    async def read(self, uri, params, request):
        """A new reading: its bytes, described in _meta, where it has any, else JSON."""
        if not uri.startswith(URI) or uri[len(URI) :] not in self.found:
            return None
        try:
            value = self.found[uri[len(URI) :]].read()
        except OSError as error:
            raise NotFound("sensor %s cannot be read: %s" % (uri[len(URI) :], error))
        data = value.pop("data", None)
        if isinstance(data, bytes):
            content = {"uri": uri, "mimeType": "application/octet-stream", "blob": data, "_meta": value}
        else:
            content = {"uri": uri, "mimeType": "application/json", "text": json.dumps(value)}
        return {"contents": [content]}

    def call(self, name, arguments):
        if name == "sensors.list":
            return {"sensors": [self.found[key].about() for key in sorted(self.found)]}, None
        sensor = self.found[arguments["sensor"]]
        try:
            return sensor.read(), None
        except OSError as error:
            raise ToolError("sensor %s cannot be read: %s" % (sensor.name, error), "unavailable")
