# SPDX-License-Identifier: Apache-2.0
"""A running WebAssembly component.

After a trap nothing inside is trusted: the instance is dropped and the next call gets a new one. A component that cannot
be started again several times in a row is marked failed, with the reason.
"""

import json

from motet_core import component_artifact
from motet_core.component_artifact import Artifact
from motet_core.errors import Cancelled, Denied, Refused, ToolError
from motet_core.platform import heap, native

_MAX_FAILURES = 3


class Component:
    """A device artifact, checked and started. Refused says what does not fit.

    `data`: the artifact's bytes, or an Artifact. `device`, `grant`: what its imports work on and what they may; a component
    without imports needs neither.
    """

    takes_messages = False
    supervision = None

    def __init__(self, data, device=None, grant=None):
        self.artifact = data if isinstance(data, Artifact) else Artifact(data)
        self._device, self._grant = device, grant
        self._imports = None
        self.busy = False
        self._retired = False
        # What decoding left behind would lie between the parts of the instance, and no large block would fit there again.
        heap()
        self.counters = {"calls": 0, "traps": 0, "fuel_stops": 0}
        self.failures = 0
        self.reason = None
        self._instance = None
        self._start()

    def call(self, tool, arguments):
        """-> (dict or None, text or None). ToolError: wrong argument, trap, out of fuel, failed component."""
        self._enter()
        try:
            call = self.artifact.calls[tool]
            return result(call.form, self._run(tool, call.function.apply, arguments))
        finally:
            self.busy = False

    def _enter(self):
        """It runs from here on, until `busy` is False again."""
        if self.busy:
            # From one of its own imports: the instance could do it, its fuel and its author's assumptions could not.
            raise ToolError("component %s is running already" % self.artifact.name, "busy")
        self.busy = True
        if self._instance is None:
            try:
                self._restart()
            except Exception:
                self.busy = False
                raise

    def _run(self, tool, function, *arguments):
        self._instance.fuel = self.artifact.fuel
        try:
            value = function(*arguments)
        except Exception as error:
            self._ended(tool, error)
        self.counters["calls"] += 1
        return value

    def _ended(self, tool, error):
        """A call ended with an exception: it goes on as a ToolError, as Cancelled, or as it is."""
        if isinstance(error, (TypeError, ValueError)):
            if self._instance.trap is not None:
                # An import gave what its types do not have, in the middle of the call.
                self._lost("%s: an import failed: %s" % (tool, error), "failed")
            if isinstance(error, TypeError):
                # Refused before the component ran.
                raise ToolError(str(error), "arguments")
            self.counters["calls"] += 1
            raise ToolError(str(error))
        if isinstance(error, native().wasm.Trap):
            self.counters["calls"] += 1
            self._trapped(tool, str(error))
        if isinstance(error, Denied):
            self.counters["calls"] += 1
            self._lost("%s: denied: %s" % (tool, error.message), "denied")
        # Out of memory, most likely, and somewhere inside: as after a trap.
        self.close()
        self._failed("%s: %s" % (tool, error or "out of memory"))
        raise error

    def close(self):
        if self._instance is not None:
            self._instance.close()
        self._instance = None
        for tool in self.artifact.calls:
            self.artifact.calls[tool].function = None

    def pay(self, units):
        """Takes fuel from the call that runs, for what others did on its behalf."""
        if self._instance is not None:
            self._instance.fuel = max(0, self._instance.fuel - units)

    def retire(self):
        """It is removed or has been replaced, and is never started again."""
        self._retired = True
        self.close()
        # Who sent it messages may keep it until the next one: what is large goes at once, and what leads on to others.
        self.artifact.module = None
        self._imports = None

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
        wasm, known = native().wasm, {}
        if instance.imports():
            self._link(instance, known)
        instance.fuel = self.artifact.fuel
        for tool in self.artifact.calls:
            call = self.artifact.calls[tool]
            # All calls of an artifact share one descriptor.
            if call.types not in known:
                known[call.types] = wasm.Types(call.types)
            call.function = instance.typed(call.export, known[call.types], json=True)
        return known

    def _link(self, instance, known):
        if self._imports is None:
            # Components that only compute do not pay for what follows.
            from motet_core.imports import Imports

            self._imports = Imports(self._device, self.artifact.name, self._grant, self.counters, self)
        data = self.artifact.types
        if data is not None:
            known[data] = native().wasm.Types(data)
        self._imports.link(instance, known.get(data))

    def renew(self, grant):
        """Another grant counts from now on, also for calls that run."""
        self._grant = grant
        if self._imports is not None:
            self._imports.renew(grant)

    def _restart(self):
        if self._retired:
            raise ToolError("component %s was removed or replaced" % self.artifact.name, "failed")
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
        if why == "cancelled":
            self.close()
            raise Cancelled(why)
        if why == "out of fuel":
            self.counters["fuel_stops"] += 1
            self._lost("%s: stopped, out of fuel after %d units" % (tool, self.artifact.fuel), "out_of_fuel")
        self._lost("%s: trapped: %s" % (tool, why), "trap")

    def _lost(self, why, kind):
        """Its instance ends here, and the call with a ToolError."""
        self.close()
        self.counters["traps"] += 1
        self._failed(why)
        raise ToolError(why, kind)

    def _failed(self, why):
        """Nobody looks after this one: its next call starts it again."""


def result(form, value):
    """What a function returned -> (structured value or None, text or None). ToolError for the error of a WIT result."""
    if form & component_artifact.FALLIBLE:
        value = unwrapped(value)
    form &= 3
    if form == component_artifact.NOTHING:
        return None, "done"
    return (value if form == component_artifact.OBJECT else {"result": value}), None


def unwrapped(value):
    """The ok of a WIT result, and what is none as it is. ToolError for the error of one."""
    if type(value) is not dict or value.get("tag") not in ("ok", "err"):
        return value
    if value["tag"] == "err":
        raise ToolError(_error_text(value.get("val")))
    return value.get("val")


def _error_text(value):
    """Text as it is, no payload as a word, all else as JSON."""
    if value is None:
        return "failed"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
