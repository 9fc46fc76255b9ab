# SPDX-License-Identifier: Apache-2.0
"""The packages that this gateway has put on devices: which, from where, and the bytes, to go back to them or to pass them on.

A package is kept as long as a device has it, or had it before its last update. Everything here may wait for the disk.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from motet.components import manifest as manifests
from motet.components.errors import ComponentError
from motet.components.oci import archive
from motet.components.oci.contents import digest_of, pack, unpack
from motet.components.packages import COMPONENT, Package
from motet.store import Store
from motet.store.tables import InstallationRow, PackageRow


@dataclass(frozen=True)
class Stored:
    """A package of the depot; `digest`: of the package, ``sha256:...``; `size`: of its file in bytes."""

    digest: str
    kind: str
    name: str
    revision: int
    publishers: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Installation:
    """What a device got; `source`: where it came from, empty when nobody said; `at`: UTC, RFC 3339."""

    device: str
    package: Stored
    source: str
    at: str
    previous: str | None


class Depot:
    """Keeps packages and installations in `store`. Raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, device: str, package: Package, publishers: tuple[str, ...], source: str) -> None:
        """`device` has `package` now."""
        digest, at = digest_of(package), datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        data = archive.dumps(pack(package))
        header = {"kind": package.kind, "name": package.name}
        with self._store.writing() as session:
            kept = session.get(PackageRow, digest)
            # The same package without signatures takes none away from a copy that has them.
            if kept is None or publishers or not kept.publishers:
                names = " ".join(publishers)
                session.merge(PackageRow(digest=digest, revision=package.revision, publishers=names, archive=data, **header))
            session.flush()
            old = session.get(InstallationRow, (device, package.kind, package.name))
            previous = None if old is None else old.previous if old.digest == digest else old.digest
            session.merge(InstallationRow(device=device, digest=digest, previous=previous, source=source, at=at, **header))
            _prune(session)

    def forget(self, device: str, kind: str, name: str) -> None:
        """`device` has it no more."""
        with self._store.writing() as session:
            row = session.get(InstallationRow, (device, kind, name))
            if row is not None:
                session.delete(row)
                _prune(session)

    def installation(self, device: str, kind: str, name: str) -> Installation | None:
        """What this gateway put there last."""
        found = [one for one in self.installations(device, name) if one.package.kind == kind]
        return found[0] if found else None

    def installations(self, device: str | None = None, name: str | None = None) -> list[Installation]:
        """Those of a device, of a name, or all, by device, name and kind."""
        query = select(InstallationRow, PackageRow).join(PackageRow, PackageRow.digest == InstallationRow.digest)
        if device is not None:
            query = query.where(InstallationRow.device == device)
        if name is not None:
            query = query.where(InstallationRow.name == name)
        query = query.order_by(InstallationRow.device, InstallationRow.name, InstallationRow.kind)
        with self._store.reading() as session:
            return [
                Installation(row.device, _stored(kept), row.source, row.at, row.previous) for row, kept in session.execute(query)
            ]

    def packages(self, name: str | None = None, kind: str | None = None) -> list[Stored]:
        """Those that some device has, by name, the newest revision first."""
        query = select(PackageRow).where(PackageRow.digest.in_(select(InstallationRow.digest)))
        query = query.filter_by(**{key: value for key, value in (("name", name), ("kind", kind)) if value is not None})
        with self._store.reading() as session:
            rows = session.scalars(query.order_by(PackageRow.name, PackageRow.revision.desc(), PackageRow.digest))
            return [_stored(row) for row in rows]

    def archive(self, digest: str) -> bytes | None:
        """The file of a package."""
        with self._store.reading() as session:
            row = session.get(PackageRow, digest)
            return None if row is None else row.archive

    def package(self, digest: str) -> Package | None:
        """A package as it was installed. Raises ComponentError when the database was tampered with."""
        data = self.archive(digest)
        return None if data is None else unpack(archive.loads(data))

    def needs(self, device: str) -> dict[str, dict[str, str]]:
        """What each component on the device declares to need: {name: {needed: bounds}}."""
        found: dict[str, dict[str, str]] = {}
        for one in self.installations(device):
            # A copy that was damaged needs nothing any more: it must not keep anybody from taking things away.
            with contextlib.suppress(ComponentError):
                package = self.package(one.package.digest) if one.package.kind == COMPONENT else None
                if package is not None:
                    found[package.name] = dict(manifests.parse(package.manifest).dependencies)
        return found


def _stored(row: PackageRow) -> Stored:
    return Stored(row.digest, row.kind, row.name, row.revision, tuple(row.publishers.split()), len(row.archive))


def _prune(session: Session) -> None:
    session.flush()
    kept = select(InstallationRow.digest).union(select(InstallationRow.previous).where(InstallationRow.previous.is_not(None)))
    session.execute(delete(PackageRow).where(PackageRow.digest.not_in(kept)))
