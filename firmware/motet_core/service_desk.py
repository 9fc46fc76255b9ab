# SPDX-License-Identifier: Apache-2.0
"""The way to the services of a device: they are made when the first component needs them, and not before."""

from motet_core.errors import NotFound

_METHODS = ("message.deliver", "message.wanted", "message.subscriptions", "schedule.list", "schedule.switch")


class ServiceDesk:
    """Of `device`; `made` is its motet_core.services.Services, None while no component has asked for any."""

    def __init__(self, device):
        self.made = None
        self._device = device

    def get(self):
        if self.made is None:
            from motet_core.services import Services

            self.made = Services(self._device)
        return self.made

    def takes_part(self):
        """Whether any component here has had to do with messages."""
        return self.made is not None and self.made.takes_part()

    def methods(self):
        return dict.fromkeys(_METHODS, self.answer)

    async def answer(self, params, request):
        if self.made is not None:
            return await self.made.answer(params, request)
        if request.method == "message.subscriptions":
            # Asked of every device; this one does not take part.
            return {}
        raise NotFound("no component here has services")

    def forget(self, component):
        """It was removed or replaced."""
        if self.made is not None:
            self.made.detach(component)

    def counters(self):
        return {} if self.made is None else self.made.counters()

    def forgotten(self):
        """The storage was formatted."""
        if self.made is not None:
            self.made.forgotten()

    def close(self):
        """The device stops."""
        if self.made is not None:
            self.made.close()
