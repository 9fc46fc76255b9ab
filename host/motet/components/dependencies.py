# SPDX-License-Identifier: Apache-2.0
"""What needs what on one device: nothing is put there without what it needs, and nothing taken away that others need.

Names are shared by components and models: a dependency is met by whichever of both has the name and a revision that will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from motet.components.errors import ComponentError
from motet.components.manifest_dependencies import Revisions

# What each artifact on the device needs, by its name: {name: {needed: bounds}}.
Needs = Mapping[str, Mapping[str, str]]
# Revisions on the device by name: a component and a model may share one.
There = Mapping[str, Iterable[int]]


class DependencyError(ComponentError):
    """What it needs is missing, or others need it; the message names both."""


def check_install(name: str, revision: int, wanted: Mapping[str, str], there: There, needs: Needs, force: bool = False) -> None:
    """Refuse what lacks something, whose revision others cannot use, or what would need itself. `force` leaves only the last.

    Raises DependencyError.
    """
    circle = loop(name, wanted, needs)
    if circle:
        raise DependencyError(f"{' needs '.join(circle)}: whichever is installed first lacks another")
    if force:
        return
    missing = [f"{one} {bounds}".replace(" *", "") for one, bounds in sorted(wanted.items()) if not _met(one, bounds, there)]
    if missing:
        raise DependencyError(f"{name} needs {', '.join(missing)}, which is not on the device; install that first")
    unhappy = [other for other in users(name, needs) if not Revisions.parse(needs[other][name]).take(revision)]
    if unhappy:
        bounds = needs[unhappy[0]][name]
        raise DependencyError(
            f"{unhappy[0]} needs {name} {bounds}, which revision {revision} is not; update or uninstall that first"
        )


def check_removal(name: str, needs: Needs) -> None:
    """Refuse while others need it. Raises DependencyError."""
    others = users(name, needs)
    if others:
        raise DependencyError(f"{name} is needed by {', '.join(others)}; uninstall that first, or insist with --force")


def users(name: str, needs: Needs) -> list[str]:
    """Who needs it, by name."""
    return sorted(other for other, wanted in needs.items() if name in wanted and other != name)


def loop(name: str, wanted: Mapping[str, str], needs: Needs) -> list[str] | None:
    """The way from the artifact back to itself through what it needs, None when there is none."""
    ways = [[name, one] for one in sorted(wanted)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == name:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, one] for one in sorted(needs.get(way[-1], {}))]
    return None


def _met(name: str, bounds: str, there: There) -> bool:
    wanted = Revisions.parse(bounds)
    return any(wanted.take(revision) for revision in there.get(name, ()))
