# SPDX-License-Identifier: Apache-2.0
"""Looking after components: one takes the place of another, its schedule and subscriptions, its health, its next start."""

from motet_core import grant_limits, platform
from motet_core.errors import MotetError, Refused
from motet_core.services.served import Served

# As much as the flash store keeps of a reason.
_MAX_REASON = 80


def replace(device, before, artifact, grant):
    """Starts a component in the place of `before` (or None), which ends when the new one is well. Refused: it goes on."""
    _check_grant(artifact, grant)
    component = Served(artifact, device, grant)
    services, name = device.services, artifact.name
    # What the new one subscribes to while it begins is its own.
    kept = services.detach(name)
    try:
        component.begin()
    except Exception:
        services.detach(name)
        if before is not None:
            attach(services, before, device, kept)
        raise
    if before is not None:
        before.retire()
    if grant is not None and grant_limits.MESSAGING in grant.limits:
        # From now on the gateway is to know that this device takes part.
        services.messages  # noqa: B018
    attach(services, component, device, ())
    return component


def attach(services, component, device, subscriptions):
    """Puts down what a component asks for; `subscriptions`: patterns besides those of its artifact."""
    hooks, name = getattr(component, "hooks", None), component.artifact.name
    if hooks is not None:
        if hooks.supervision is not None:
            _Care(services, component, device).begin()
        if hooks.schedule:

            def run(export, *arguments):
                if arguments:
                    component.check_grant()
                return services.run(lambda: component.invoke(export, *arguments))

            services.schedule.add(name, hooks.schedule, run)
        for pattern in hooks.subscriptions:
            services.messages.subscribe(name, pattern)
    for pattern in subscriptions:
        services.messages.subscribe(name, pattern)
    device.rpc.wake()


def _check_grant(artifact, grant):
    """Refused when the artifact asks for topics or sensors that the grant does not cover."""
    for pattern in artifact.hooks.subscriptions:
        if grant is None or not grant.may(grant_limits.MESSAGING, pattern, grant_limits.SUBSCRIBE):
            raise Refused("%s: no grant to subscribe to %s" % (artifact.name, pattern))
    for row in artifact.hooks.schedule:
        if len(row) > 3 and (grant is None or not grant.may(grant_limits.SENSORS, row[3])):
            raise Refused("%s: no grant for the sensor %s" % (artifact.name, row[3]))


class _Care:
    """Of a supervised component."""

    def __init__(self, services, component, device):
        self._services = services
        self._component = component
        self._name = component.artifact.name
        self._device = device
        self._health_ms = component.hooks.supervision[3]

    def begin(self):
        self._component.on_failure = self._failed
        if self._health_ms and self._component.hooks.health:
            self._services.agenda.at(platform.clock_ms() + self._health_ms, self._name, self._probe)

    def _failed(self, pause):
        """Called where the component failed, perhaps inside of another one's call. `pause`: ms, None for ever."""
        if pause is None:
            self._services.agenda.soon(None, self._quarantine)
        else:
            self._services.agenda.at(platform.clock_ms() + pause, self._name, self._restart)

    async def _restart(self):
        await self._services.run(self._component.restart)

    async def _probe(self):
        try:
            if not self._component.is_down:
                await self._services.run(self._component.probe)
        finally:
            if self._component.supervision.quarantined is None:
                self._services.agenda.at(platform.clock_ms() + self._health_ms, self._name, self._probe)

    async def _quarantine(self):
        device, key = self._device, ("component", self._name)
        if device.artifacts.components.get(self._name) is not self._component:
            # Something else has taken its place since.
            return
        reason = "quarantined: " + self._component.supervision.quarantined
        device.artifacts.fail(key, device.artifacts.installed(*key), reason)
        device.port.log("component %s is %s" % (self._name, reason))
        await device.catalogue_changed()
        try:
            device.storage.slots.mark(key, reason[:_MAX_REASON])
        except MotetError as error:
            device.port.log("the quarantine is not kept: " + error.message)
