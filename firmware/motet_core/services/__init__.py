# SPDX-License-Identifier: Apache-2.0
"""What the device does for its components besides running their tools: state, messages, schedules, supervision, steps.

Each part is imported when a component first needs it: a board without such components pays for none. Everything here runs one
piece at a time, between two requests (motet_core/rpc.py), so that a tool call never waits behind more than one piece.
"""

import asyncio

from motet_core import grant_limits, platform
from motet_core.errors import MethodNotFound, ToolError
from motet_core.services.agenda import Agenda


class Services:
    """Of one device."""

    def __init__(self, device):
        self.agenda = Agenda(platform.clock_ms)
        self._device = device
        self._parts = {}
        self._timer = None
        device.rpc.background = self

    @property
    def state(self):
        return self._part("state")

    @property
    def messages(self):
        return self._part("messages")

    @property
    def schedule(self):
        return self._part("schedule")

    # For the component host.

    def detach(self, name):
        """A component was removed, or is about to be replaced -> patterns that it had subscribed to."""
        self.agenda.forget(name)
        for part in ("schedule", "uplink", "state"):
            if part in self._parts:
                self._parts[part].forget(name)
        return self._parts["messages"].forget(name) if "messages" in self._parts else ()

    def narrowed(self, name, grant):
        """A component has another grant: what that does not cover it hears no longer."""
        messages = self._parts.get("messages")
        for component, pattern in messages.subscriptions() if messages else ():
            if component == name and not grant.may(grant_limits.MESSAGING, pattern, grant_limits.SUBSCRIBE):
                messages.unsubscribe(name, pattern)

    async def run(self, work):
        """Calls into a component by nobody's request."""
        return await self._device.supervisor.background(work)

    # For the dispatcher.

    def ready(self):
        return self.agenda.wait_ms() == 0

    def later(self, work):
        """`work`: async; runs after what is waiting."""
        self.agenda.soon(None, work)

    async def turn(self):
        """One piece of what is due."""
        work = self.agenda.take()
        if work is not None:
            try:
                await work()
            except ToolError:
                # Its supervision and its counters know.
                pass
            except Exception as error:
                # Nothing that a component brings about may end the device.
                self._device.port.log(platform.describe_exception(error))
        if "messages" in self._parts:
            self._parts["uplink"].announce(self._parts["messages"].subscriptions())
        self._arm()

    def close(self):
        """The device stops."""
        self._disarm()

    async def answer(self, params, request):
        """The methods that gateways know."""
        method = request.method
        if method == "message.deliver":
            from motet_core.services.arrivals import arrived

            return await arrived(self.messages, params)
        if method == "message.wanted":
            self._part("uplink").want(params.get("patterns"))
            return {}
        if method == "message.subscriptions":
            return {"subscriptions": self.messages.subscriptions()} if "messages" in self._parts else {}
        if method == "schedule.list":
            return {"schedule": self.schedule.rows() if "schedule" in self._parts else []}
        if method == "schedule.switch":
            component, function, on = params.get("component"), params.get("function"), params.get("on") is True
            return self.schedule.switch(component, function, on)
        raise MethodNotFound("unknown method " + method[:64])

    def takes_part(self):
        """Whether any component has had to do with messages."""
        return "messages" in self._parts

    def counters(self):
        """For vitals."""
        counters = {}
        for part in ("messages", "uplink"):
            if part in self._parts:
                counters[part] = self._parts[part].counters
        return counters

    def forgotten(self):
        """The storage was formatted."""
        if "state" in self._parts:
            self._parts["state"].forget_counts()

    def _part(self, name):
        if name not in self._parts:
            self._parts[name] = self._make(name)
        return self._parts[name]

    def _make(self, name):
        clock = platform.clock_ms
        if name == "state":
            from motet_core.services.state import State

            return State(self._device.storage)
        if name == "uplink":
            from motet_core.services.uplink import Uplink

            return Uplink(self._device.outbox.put, clock)
        if name == "messages":
            from motet_core.services.messages import Messages

            # The presence record says so.
            self.later(self._device.announce)
            return Messages(self._device.artifacts.components.get, self.agenda, self.run, self._part("uplink"), clock)
        from motet_core.services.schedule import Schedule

        return Schedule(self.agenda, clock, self._read)

    def _read(self, sensor):
        """A number of a sensor. ToolError."""
        try:
            return self._device.sensors.found[sensor].read()["value"]
        except (KeyError, OSError):
            raise ToolError("no sensor %s gives a number" % sensor, "unavailable")

    def _arm(self):
        """Wakes the dispatcher when the next piece is due."""
        self._disarm()
        wait = self.agenda.wait_ms()
        if wait:
            self._timer = asyncio.create_task(self._wake(wait))

    def _disarm(self):
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _wake(self, wait):
        await platform.sleep_ms(wait)
        self._timer = None
        self._device.rpc.wake()
