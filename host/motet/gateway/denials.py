# SPDX-License-Identifier: Apache-2.0
"""What devices denied their components goes into the audit: how often, of which capability, and the last reason.

A device tells it in its log, as {"denied": interface, "count": n, "reason": text}. Whoever writes to a device's topic can say
that, so it is summed up: at most one entry a second for each component and capability, and few of these for each device.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Protocol

from motet.components import capabilities
from motet.fleet import Event
from motet.gateway.summed import Entry, Summed
from motet.policy import Audit
from motet_core.wire.presence import valid_id

GAP_S = 1.0
PER_DEVICE = 32
MAX_COUNT = 1 << 31
_MAX_REASON = 200

# device, component, capability
Key = tuple[str, str, str]


class Listened(Protocol):
    """The part of ``motet.fleet.Fleet`` that is needed here."""

    def add_listener(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Calls `listener` for whatever happens, until what it returned is called."""
        ...


class Denials(Summed):
    """Writes denials of the devices of `fleet` into `audit`."""

    def __init__(self, fleet: Listened, audit: Audit) -> None:
        super().__init__(audit, GAP_S)
        self._fleet = fleet
        self._waiting: dict[Key, tuple[int, str]] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens inside the block; what came is written before it ends."""
        async with super().running():
            forget = self._fleet.add_listener(self._happened)
            try:
                yield
            finally:
                forget()

    def _happened(self, event: Event) -> None:
        found = _denial(event.data) if event.kind == "message" else None
        if found is None:
            return
        component, capability, count, reason = found
        key = event.device.id, component, capability
        before = self._waiting.get(key)
        if before is None and sum(device == event.device.id for device, _, _ in self._waiting) >= PER_DEVICE:
            return
        self._waiting[key] = (min(MAX_COUNT, count + (before[0] if before else 0)), reason)
        self._some.set()

    def _taken(self) -> Iterator[Entry]:
        rows, self._waiting = self._waiting, {}
        for (device, component, capability), (count, reason) in rows.items():
            detail = {"count": count, "reason": reason}
            yield Entry(f"component/{component}", capability, f"{device}/component/{component}", detail)


def _denial(params: Mapping[str, Any] | None) -> tuple[str, str, int, str] | None:
    """(component, capability, count, reason); None for any other line, and for one that makes no sense."""
    data = (params or {}).get("data")
    component = (params or {}).get("logger")
    if not isinstance(data, dict) or not isinstance(data.get("denied"), str) or not valid_id(component):
        return None
    capability, count = capabilities.by_interface(data["denied"]), data.get("count")
    if capability is None or type(count) is not int or count < 1:
        return None
    reason = "".join(char if char.isprintable() else "?" for char in str(data.get("reason", ""))[:_MAX_REASON])
    return str(component), capability.name, min(count, MAX_COUNT), reason
