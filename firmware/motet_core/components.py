# SPDX-License-Identifier: Apache-2.0
"""The components of the device, as a host of their tools."""

from motet_core.component import Component
from motet_core.component_artifact import Artifact
from motet_core.errors import Refused, ToolError
from motet_core.wire.packed import unpack


class Components:
    """Tool host and artifact kind "component"."""

    blocking = True
    kind = "component"

    def __init__(self, device=None):
        self._device = device
        self._components = {}
        # A component that runs by its name, or None; asked for each message.
        self.get = self._components.get

    def tools(self):
        return [tool for name in self._components for tool in self._components[name].artifact.entries]

    def entry(self, tool):
        return self._owner(tool).artifact.entries[tool]

    def describe(self, tool):
        return unpack(self.entry(tool))

    def call(self, tool, arguments):
        return self._owner(tool).call(tool, arguments)

    def load(self, name, revision, data, grant=None):
        """Starts a component and puts it in the place of the one with its name. `grant`: what its imports may."""
        artifact = Artifact(data)
        if artifact.name != name or artifact.revision != revision:
            raise Refused("the artifact says %s revision %d" % (artifact.name, artifact.revision))
        if artifact.hooks is None:
            component = Component(artifact, self._device, grant)
            self.remove(name)
        else:
            from motet_core.services.care import replace

            component = replace(self._device, self._components.get(name), artifact, grant)
        self._components[name] = component

    def remove(self, name):
        component = self._components.pop(name, None)
        if component is not None:
            component.retire()
            if self._device is not None:
                self._device.desk.forget(name)

    def renew(self, name, grant):
        """Another grant counts for a component from now on."""
        self._components[name].renew(grant)
        if self._device.desk.made is not None:
            self._device.services.narrowed(name, grant)

    def reason(self, name):
        """Why a component has failed, None when it has not."""
        return self._components[name].reason

    def facts(self, name):
        """What artifact.list tells of a component beside its name: what supervision knows of it."""
        component = self._components.get(name)
        return {} if component is None or component.supervision is None else component.supervision.about()

    def counters(self):
        found = {}
        for name in self._components:
            found[name] = dict(self._components[name].counters)
            found[name].update(self.facts(name))
        return found

    def _owner(self, tool):
        for name in self._components:
            if tool in self._components[name].artifact.entries:
                return self._components[name]
        raise ToolError("no such tool")
