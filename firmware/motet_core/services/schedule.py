# SPDX-License-Identifier: Apache-2.0
"""Functions of components that run by the clock, or when a sensor's reading passes a threshold.

The time of a tick is a multiple of its period after the first: being late once does not move those that follow. Ticks that
were missed because something else ran are left out and counted; with the policy CATCH_UP some of them are run late.
"""

from motet_core.errors import MotetError, NotFound, ToolError

SKIP, CATCH_UP = 0, 1
# Ticks that are run late, one after the other; what was missed beyond that is left out.
_MOST_LATE = 8


class Entry:
    """`settings`: a row of artifact field 9. `run(export, *arguments)`: async, calls the component; `read(sensor)`: a number."""

    def __init__(self, component, settings, start, run, read):
        self.component = component
        self.export, self.period, self._policy = settings[:3]
        self._trigger = settings[3:]
        self.due = start + self.period
        self.runs = self.missed = self.errors = 0
        self.active = True
        self._run = run
        self._read = read
        # Whether it has passed the threshold, and not come back over the hysteresis.
        self._passed = False

    async def tick(self, now):
        """Runs what is due; afterwards `due` is the time of the next tick."""
        late = (now - self.due) // self.period
        kept = min(late, _MOST_LATE) if self._policy == CATCH_UP else 0
        self.missed += late - kept
        self.due += (late - kept + 1) * self.period
        try:
            if not self._trigger:
                await self._call()
            else:
                await self._sample()
        except (ToolError, MotetError):
            # Whatever it was, the component's own counters and its supervision know.
            self.errors += 1

    async def _call(self, *arguments):
        self.runs += 1
        await self._run(self.export, *arguments)

    async def _sample(self):
        sensor, threshold, hysteresis, above = self._trigger
        value = self._read(sensor)
        # Seen from where the threshold is passed upwards.
        over = value - threshold if above else threshold - value
        if self._passed:
            self._passed = over > -hysteresis
        elif over > 0:
            self._passed = True
            await self._call(value)

    def about(self, now):
        about = {"component": self.component, "function": self.export, "every_ms": self.period, "active": self.active}
        about["next_ms"] = max(0, self.due - now)
        about.update({"runs": self.runs, "missed": self.missed, "errors": self.errors})
        return about


class Schedule:
    """`agenda` and `clock` as there; `device_reads(sensor)` -> a number."""

    def __init__(self, agenda, clock, device_reads):
        self._agenda = agenda
        self._clock = clock
        self._reads = device_reads
        self._entries = []

    def add(self, component, rows, run):
        """The entries of a component that was loaded."""
        for row in rows:
            entry = Entry(component, row, self._clock(), run, self._reads)
            self._entries.append(entry)
            self._put(entry)

    def forget(self, component):
        """It was removed, or is about to be replaced."""
        for entry in self._entries:
            if entry.component == component:
                entry.active = False
        self._entries = [entry for entry in self._entries if entry.component != component]

    def rows(self):
        return [entry.about(self._clock()) for entry in self._entries]

    def switch(self, component, export, active):
        """Ends a function's ticks, or begins them anew from now on. NotFound."""
        for entry in self._entries:
            if entry.component == component and entry.export == export:
                if active and not entry.active:
                    entry.due = self._clock() + entry.period
                    entry.active = True
                    self._put(entry)
                entry.active = active
                return entry.about(self._clock())
        raise NotFound("%s has no scheduled function %s" % (component, export))

    def _put(self, entry):
        due = entry.due

        async def work():
            # Ended, and perhaps begun anew, since this was put down.
            if entry.active and entry.due == due:
                try:
                    await entry.tick(self._clock())
                finally:
                    if entry.active:
                        self._put(entry)

        self._agenda.at(due, entry.component, work)
