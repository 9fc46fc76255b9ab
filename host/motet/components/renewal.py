# SPDX-License-Identifier: Apache-2.0
"""After an upgrade of wasmtime: what another version has compiled is compiled again from the package that the gateway has kept.

It is an installation like any other, of the same package: signature, policy and audit are asked, the node gets a new artifact and
a new grant. What is refused stays failed, and the log says why.
"""

from __future__ import annotations

import asyncio
import logging
from importlib.metadata import version
from typing import Protocol

from motet.components import manifest as manifests
from motet.components.deploy import Device, DeviceFleet, deploy
from motet.components.depot import Depot, Installation
from motet.components.errors import ComponentError
from motet.components.gatekeeper import Gatekeeper
from motet.components.jit.programs import Programs
from motet.components.ledger import Wish
from motet.components.packages import COMPONENT, Package

log = logging.getLogger(__name__)
ACTOR = "gateway/renewal"
_LOOK_S = 0.2


class Node(Device, Protocol):
    """The part of ``motet.fleet.Device`` that is needed here."""

    @property
    def online(self) -> bool:
        """Whether it answers."""
        ...


class NodeFleet(DeviceFleet, Protocol):
    """A fleet that knows whether its devices answer; ``motet.fleet.Fleet`` does."""

    def get(self, device: str) -> Node | None:
        """A device that has shown itself."""
        ...


async def renew(fleet: NodeFleet, programs: Programs, gate: Gatekeeper, depot: Depot) -> int:
    """Compiles again what the node could not start, once it is there. How many were. Raises StoreError."""
    old = await asyncio.to_thread(outdated, programs, depot)
    if not old:
        return 0
    while (device := fleet.get(programs.node)) is None or not device.online:
        await asyncio.sleep(_LOOK_S)
    return sum([await _renewed(fleet, programs, gate, depot, *one) for one in old])


def outdated(programs: Programs, depot: Depot) -> list[tuple[Installation, Package]]:
    """The components of the node whose file this version of wasmtime has not made."""
    found = []
    for one in depot.installations(programs.node):
        # With one of before beside it, an installation was cut off.
        if programs.made_by(one.package.name) == {version("wasmtime")}:
            continue
        try:
            package = depot.package(one.package.digest) if one.package.kind == COMPONENT else None
            whole = package is not None and manifests.parse(package.manifest).gateway_only
        except ComponentError as error:
            log.error("%s on %s: the copy that was kept is damaged: %s", one.package.name, one.device, error)
            continue
        if package is not None and whole:
            found.append((one, package))
    return found


async def _renewed(
    fleet: DeviceFleet, programs: Programs, gate: Gatekeeper, depot: Depot, one: Installation, package: Package
) -> bool:
    log.info("%s: compiling it with wasmtime %s", package.name, version("wasmtime"))
    # Who needs it and what it needs is as it was.
    wish = Wish(one.source, force=True)
    last = {}
    async for record in deploy(fleet, one.device, package.upload(), gate, ACTOR, depot, wish, programs):
        last = record
    if "installed" not in last:
        log.error("%s on %s has to be installed again: %s", package.name, one.device, last.get("error"))
    return "installed" in last
