# SPDX-License-Identifier: Apache-2.0
"""The interfaces of contract packages: what devices offer to components, and components to devices."""

from __future__ import annotations

from functools import cache

from motet.components import wit
from motet.components.witlibrary import COMPONENT, DEVICE, NN, documents, unversioned
from motet.components.wittypes import Function, Interface


@cache
def interfaces(package: str) -> tuple[Interface, ...]:
    """The interfaces of a package that comes with Motet, by its name without version. Raises WitError."""
    return wit.interfaces([document for document in documents() if unversioned(document.package) == package], documents())


@cache
def offered() -> dict[str, Interface]:
    """What devices offer, by path without version; each interface with functions is one capability."""
    found = [*interfaces(DEVICE), *interfaces(NN)]
    return {unversioned(interface.path): interface for interface in found if interface.functions}


def is_service(function: Function) -> bool:
    """Whether an export is there for the device itself (`motet:component`), not for agents."""
    return unversioned(function.interface).partition("/")[0] == COMPONENT
