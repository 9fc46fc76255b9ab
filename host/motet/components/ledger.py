# SPDX-License-Identifier: Apache-2.0
"""What an installation must agree with: what is on the device, what needs what there, and where each came from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from motet.components import manifest as manifests
from motet.components.dependencies import check_install
from motet.components.depot import Depot
from motet.components.errors import ComponentError
from motet.components.install import TIMEOUT_S, Fleet
from motet.components.oci.contents import digest_of
from motet.components.packages import COMPONENT, Package
from motet.components.signature import Checked
from motet.fleet import FleetError

Row = dict[str, Any]


class UpdateError(ComponentError):
    """What is offered is no update of what is there."""


class CurrentError(ComponentError):
    """What is offered is there already; `facts` are those of an installation."""

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__("it is there already")
        self.facts = facts


@dataclass(frozen=True)
class Wish:
    """How to install. `source`: where the package came from. `dry_run`: everything but sending it. `update`: only in place of
    an older revision of the same publisher. `force`: without regard to what others need, and by another publisher, too."""

    source: str = ""
    dry_run: bool = False
    force: bool = False
    update: bool = False


class Ledger:
    """Of one installation. `rolled_back`: what was put back after it had failed."""

    def __init__(self, depot: Depot | None, wish: Wish) -> None:
        self._depot, self.wish = depot, wish
        self.rolled_back: dict[str, Any] | None = None

    async def check(self, fleet: Fleet, device: str, found: Checked) -> None:
        """Refuse what cannot be on the device beside what is there. Raises DependencyError, UpdateError, CurrentError."""
        package = found.package
        rows = await listed(fleet, device) if self._depot is not None else []
        if self.wish.update:
            await self._check_update(device, found, rows)
        if self._depot is None:
            return
        needs = await asyncio.to_thread(self._depot.needs, device)
        there, names = there_of(rows), {row.get("name") for row in rows}
        living = {name: wanted for name, wanted in needs.items() if name in names and name != package.name}
        check_install(package.name, package.revision, _wanted(package), there, living, self.wish.force)

    async def _check_update(self, device: str, found: Checked, rows: list[Row]) -> None:
        package = found.package
        mine = [row for row in rows if (row.get("kind"), row.get("name")) == (package.kind, package.name)]
        known = await asyncio.to_thread(self._depot.installation, device, package.kind, package.name) if self._depot else None
        if not mine:
            raise UpdateError(f"{package.kind} {package.name} is not on {device}; `motet install` puts it there")
        revision = int(mine[0].get("revision", 0))
        if known is not None and known.package.digest == digest_of(package):
            raise CurrentError({"device": device, **self.facts(found)})
        if package.revision <= revision:
            raise UpdateError(_no_update(package, revision))
        before = known.package.publishers if known is not None else ()
        if before and not set(before) & set(found.publishers) and not self.wish.force:
            raise UpdateError(
                f"{package.kind} {package.name} on {device} is by {' and '.join(before)}, revision {package.revision} is by "
                f"{' and '.join(found.publishers) or 'nobody'}; insist with --force"
            )

    async def done(self, device: str, found: Checked) -> None:
        """Write down that it is there."""
        if self._depot is not None:
            await asyncio.to_thread(self._depot.put, device, found.package, found.publishers, self.wish.source)

    async def before(self, fleet: Fleet, device: str, package: Package) -> Checked | None:
        """What to put back after a failed update; None when there was nothing, or when it runs on."""
        if self._depot is None or not self.wish.update:
            return None
        known = await asyncio.to_thread(self._depot.installation, device, package.kind, package.name)
        if known is None or await self._runs(fleet, device, package.kind, package.name, known.package.revision):
            return None
        kept = await asyncio.to_thread(self._depot.package, known.package.digest)
        return None if kept is None else Checked(known.package.publishers, kept)

    async def _runs(self, fleet: Fleet, device: str, kind: str, name: str, revision: int) -> bool:
        try:
            rows = await listed(fleet, device)
        except ComponentError:
            return False
        wanted = (kind, name, revision, "ready")
        return any((row.get("kind"), row.get("name"), row.get("revision"), row.get("state", "ready")) == wanted for row in rows)

    def facts(self, found: Checked) -> dict[str, Any]:
        """What an installation says of its package."""
        package = found.package
        header = {"kind": package.kind, "name": package.name, "revision": package.revision}
        return header | {"package": digest_of(package), "publishers": list(found.publishers), "source": self.wish.source}


async def listed(fleet: Fleet, device: str) -> list[Row]:
    """The artifacts of a device. Raises ComponentError."""
    try:
        answer = await fleet.call(device, "artifact.list", {}, TIMEOUT_S)
    except FleetError as error:
        raise ComponentError(f"{device}: list artifacts: {error}") from error
    rows = answer.get("artifacts") if isinstance(answer, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def there_of(rows: list[Row]) -> dict[str, list[int]]:
    """Revisions on a device by name."""
    found: dict[str, list[int]] = {}
    for row in rows:
        if isinstance(row.get("name"), str) and isinstance(row.get("revision"), int):
            found.setdefault(row["name"], []).append(row["revision"])
    return found


def _wanted(package: Package) -> dict[str, str]:
    return dict(manifests.parse(package.manifest).dependencies) if package.kind == COMPONENT else {}


def _no_update(package: Package, revision: int) -> str:
    what = f"{package.kind} {package.name}: revision {package.revision}"
    if package.revision == revision:
        return f"{what} is there already, with other content; its author must raise component.revision"
    return f"{what} is older than revision {revision}, which runs; `motet install` puts it there all the same"
