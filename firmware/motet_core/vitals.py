# SPDX-License-Identifier: Apache-2.0
"""The device's own condition: tool `vitals.read`."""

from motet_core import platform


class Vitals:
    blocking = False

    def __init__(self, device):
        self._device = device

    def tools(self):
        return ("vitals.read",)

    def describe(self, name):
        return {
            "name": name,
            "title": "Vital signs",
            "description": "Memory, uptime, why the device last started, and its counters of calls, errors and link traffic.",
            "inputSchema": {"type": "object", "additionalProperties": False},
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }

    def call(self, name, arguments):
        used, free = platform.heap()
        device = self._device
        vitals = {
            "board": device.board,
            "uptime_ms": platform.clock_ms(),
            "reset_reason": platform.reset_reason(),
            "heap_used": used,
            "calls": device.supervisor.counters,
            "requests": device.rpc.counters,
            "link": device.port.stats(),
            "link_resets": device.port.resets,
            "components": device.artifacts.counters(),
        }
        services = device.desk.counters()
        if services:
            vitals["services"] = services
        if free is not None:
            vitals["heap_free"] = free
        if device.time_ms() is not None:
            vitals["time_ms"] = device.time_ms()
        return vitals, None
