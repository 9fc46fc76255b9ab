# SPDX-License-Identifier: Apache-2.0
"""The components of the device, as a host of their tools."""

from motet_core.component import Component
from motet_core.errors import Refused, ToolError
from motet_core.wire.packed import unpack


class Components:
    """Tool host and artifact kind "component"."""

    blocking = True
    kind = "component"

    def __init__(self, device=None):
        self._device = device
        self._components = {}

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
        component = Component(data, self._device, grant)
        if component.artifact.name != name or component.artifact.revision != revision:
            component.close()
            raise Refused("the artifact says %s revision %d" % (component.artifact.name, component.artifact.revision))
        self.remove(name)
        self._components[name] = component

    def remove(self, name):
        component = self._components.pop(name, None)
        if component is not None:
            component.close()

    def renew(self, name, grant):
        """Another grant counts for a component from now on."""
        self._components[name].renew(grant)

    def reason(self, name):
        """Why a component has failed, None when it has not."""
        return self._components[name].reason

    def counters(self):
        return {name: self._components[name].counters for name in self._components}

    def _owner(self, tool):
        for name in self._components:
            if tool in self._components[name].artifact.entries:
                return self._components[name]
        raise ToolError("no such tool")
