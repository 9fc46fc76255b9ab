# SPDX-License-Identifier: Apache-2.0
"""A component that offers more than tools: a beginning and an end, a handler of messages, scheduled functions, work in steps,
or one that is supervised."""

from motet_core.component import Component, result, unwrapped
from motet_core.errors import Denied, Later, Refused, ToolError
from motet_core.platform import clock_ms, native


class Served(Component):
    """A Component whose artifact has field 9; `begin` comes before its first call. `on_failure(pause)`: called when it failed."""

    def __init__(self, artifact, device=None, grant=None):
        self.hooks = artifact.hooks
        self.on_failure = None
        self.takes_messages = self.hooks.handle is not None
        self._bound = {}
        # Units of fuel that the last message took.
        self.used = 0
        self.handler = None
        # Tools that have begun work and go on in steps.
        self._working = {}
        if self.hooks.supervision is not None:
            from motet_core.services.supervision import Supervision

            self.supervision = Supervision(artifact.name, *self.hooks.supervision[:3], clock=clock_ms)
        super().__init__(artifact, device, grant)

    @property
    def is_down(self):
        return self._instance is None

    def begin(self):
        """Runs `init`, then asks for its health. Refused, with its instance closed, unless both are fine."""
        busy, self.busy = self.busy, True
        try:
            for export in (self.hooks.init, self.hooks.health):
                if export is not None:
                    self._ask(export)
        except Exception:
            self.close()
            raise
        finally:
            self.busy = busy

    def call(self, tool, arguments):
        steps = self.hooks.steps.get(tool)
        if steps is None:
            return super().call(tool, arguments)
        self._enter()
        try:
            if tool in self._working:
                raise ToolError("%s is at work already" % tool, "busy")
            call = self.artifact.calls[tool]
            unwrapped(self._run(tool, call.function.apply, arguments))
            from motet_core.services.steps import Work

            work = self._working[tool] = Work(self, tool, self._device.supervisor)
        finally:
            self.busy = False
        raise Later(work)

    def step(self, tool, work):
        """One part of the work -> ([done, total], None), or (None, what a call of the tool gives)."""
        # After a restart the tool may be at work for somebody else.
        if self._working.get(tool) is not work:
            raise ToolError("%s: the component has been restarted, and its work is lost" % tool, "failed")
        try:
            value = self.invoke(self.hooks.steps[tool][0])
        except ToolError:
            self._working.pop(tool, None)
            raise
        if value["tag"] == "more":
            return value["val"], None
        del self._working[tool]
        return None, result(self.artifact.calls[tool].form & 3, value.get("val"))

    def give_up(self, tool, work):
        """The work is no longer wanted."""
        if self._working.get(tool) is work:
            del self._working[tool]
            cancel = self.hooks.steps[tool][1]
            if cancel is not None:
                self.invoke(cancel)

    def handle(self, message):
        """`message`: (topic, sender, answers, failure, data) -> bytes. ToolError."""
        self.used = 0
        if message[0]:
            self.check_grant()
        self._enter()
        instance = self._instance
        instance.fuel = fuel = self.artifact.fuel
        # What invoke() does, in fewer calls: each costs as much as a tenth of the message.
        try:
            topic, sender, answers, failure, data = message
            fields = {"topic": topic, "sender": sender, "answers": answers, "failure": failure, "data": data}
            value = self.handler(fields)
            self.used += fuel - instance.fuel
        except Exception as error:
            self.used += fuel - instance.fuel
            self._ended("handle", error)
        finally:
            self.busy = False
        self.counters["calls"] += 1
        return value["val"] if value["tag"] == "ok" else unwrapped(value)

    def ended(self, error):
        """Its handler was called by another guest, and ended with an exception; None: with the error of its own. Raises
        what `handle` would."""
        if error is None:
            raise ToolError("refused")
        if not isinstance(error, Exception):
            raise error
        self._ended("handle", error)

    def check_grant(self):
        """Denied when it has ended, and with it what comes by subscription or from a sensor."""
        if self._grant is not None and self._grant.good is not self._device.clock:
            self._grant.check_now(self._device)

    def invoke(self, export, *arguments):
        """Calls a function that is no tool -> its value. ToolError, also for the error of a WIT result."""
        self._enter()
        try:
            return unwrapped(self._run(export, self._bound[export], *arguments))
        finally:
            self.busy = False

    def probe(self):
        """Asks for its health; one that is not well is started again."""
        self._enter()
        try:
            unwrapped(self._run(self.hooks.health, self._bound[self.hooks.health]))
        except ToolError as error:
            # A trap has told already.
            if not self.is_down:
                self._lost("not healthy: %s" % error, "failed")
            raise
        finally:
            self.busy = False

    def restart(self):
        """Brings it back after a failure, unless a call has done so. ToolError."""
        if self.is_down:
            self._enter()
            self.busy = False

    def retire(self):
        if self.hooks.shutdown is not None and not self.is_down and not self.busy:
            try:
                self.invoke(self.hooks.shutdown)
            except Exception:
                # It goes in any case.
                pass
        super().retire()

    def close(self):
        super().close()
        self.handler = None
        self._bound = {}
        self._working = {}

    def _ask(self, export):
        self._instance.fuel = self.artifact.fuel
        try:
            unwrapped(self._bound[export]())
        except (ToolError, TypeError, ValueError, Denied, native().wasm.Error) as error:
            raise Refused("%s: %s: %s" % (self.artifact.name, export.rpartition("#")[2], error))
        finally:
            # Whoever made it start again pays for that, too.
            self.used += self.artifact.fuel - self._instance.fuel

    def _bind(self, instance):
        types = super()._bind(instance).get(self.artifact.types)
        if types is None:
            types = native().wasm.Types(self.artifact.types)
        for export, as_json in self.hooks.exports():
            self._bound[export] = instance.typed(export, types, json=as_json)
        self.handler = self._bound.get(self.hooks.handle)

    def _restart(self):
        if self._retired or self.supervision is None:
            super()._restart()
            self.begin()
            return
        self.supervision.check()
        try:
            self._start()
            self.begin()
        except (Refused, MemoryError) as error:
            reason = "not enough memory" if isinstance(error, MemoryError) else error.message
            self._failed(reason)
            raise ToolError("component %s cannot be started: %s" % (self.artifact.name, reason), "failed")
        self.supervision.started()

    def _failed(self, why):
        if self.supervision is not None:
            pause = self.supervision.failed(why)
            self.reason = self.supervision.quarantined
            if self.on_failure is not None:
                self.on_failure(pause)
