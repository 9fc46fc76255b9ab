# SPDX-License-Identifier: Apache-2.0
"""A running WebAssembly component.

After a trap nothing inside is trusted: the instance is dropped and the next call gets a new one. A component that cannot
be started again several times in a row is marked failed, with the reason.
"""

from motet_core.canonical import lower
from motet_core.component_artifact import Artifact
from motet_core.errors import Cancelled, Refused, ToolError
from motet_core.platform import native

_MAX_FAILURES = 3


class Component:
    """A device artifact, checked and started. Refused says what does not fit."""

    def __init__(self, data):
        self.artifact = Artifact(data)
        self.counters = {"calls": 0, "traps": 0, "fuel_stops": 0}
        self.failures = 0
        self.reason = None
        self._instance = None
        self._start()

    def call(self, tool, arguments):
        """-> (dict or None, text or None). ToolError: wrong argument, trap, out of fuel, failed component."""
        if self._instance is None:
            self._restart()
        call = self.artifact.calls[tool]
        values = lower(call.params, arguments)
        self.counters["calls"] += 1
        self._instance.fuel = self.artifact.fuel
        try:
            value = call.lift(call.function(*values), self._instance.read)
        except native().wasm.Trap as error:
            self._trapped(tool, str(error))
        except (IndexError, ValueError) as error:
            self._trapped(tool, "returned a bad pointer: %s" % error)
        return value, "done" if value is None else None

    def close(self):
        if self._instance is not None:
            self._instance.close()
        self._instance = None
        for tool in self.artifact.calls:
            self.artifact.calls[tool].function = None

    def _start(self):
        wasm = native().wasm
        artifact = self.artifact
        try:
            instance = wasm.Instance(artifact.module, artifact.memory, artifact.stack)
        except wasm.Error as error:
            raise Refused("%s: %s" % (artifact.name, error))
        try:
            self._bind(instance)
        except wasm.Error as error:
            instance.close()
            raise Refused("%s: %s" % (artifact.name, error))
        except (Refused, MemoryError):
            # Its memory is wanted at once, not at the next collection.
            instance.close()
            raise
        self._instance = instance

    def _bind(self, instance):
        for module, name, _ in instance.imports():
            raise Refused("needs the import %s.%s, which this device does not grant" % (module, name))
        exports = dict(instance.exports())
        instance.fuel = self.artifact.fuel
        for tool in self.artifact.calls:
            call = self.artifact.calls[tool]
            _check_export(call, exports)
            call.function = instance.find(call.export)

    def _restart(self):
        if self.reason is not None:
            raise ToolError("component %s has failed: %s" % (self.artifact.name, self.reason), "failed")
        try:
            self._start()
        except (Refused, MemoryError) as error:
            reason = "not enough memory" if isinstance(error, MemoryError) else error.message
            self.failures += 1
            if self.failures >= _MAX_FAILURES:
                self.reason = reason
            raise ToolError("component %s cannot be started: %s" % (self.artifact.name, reason), "failed")
        self.failures = 0

    def _trapped(self, tool, why):
        self.close()
        if why == "cancelled":
            raise Cancelled(why)
        self.counters["traps"] += 1
        if why == "out of fuel":
            self.counters["fuel_stops"] += 1
            raise ToolError("%s: stopped, out of fuel after %d units" % (tool, self.artifact.fuel), "out_of_fuel")
        raise ToolError("%s: trapped: %s" % (tool, why), "trap")


def _check_export(call, exports):
    found = exports.get(call.export)
    if found is None:
        raise Refused("has no export %s for the tool %s" % (call.export, call.tool))
    if found != call.signature:
        raise Refused("export %s is %s, its descriptor says %s" % (call.export, found, call.signature))
