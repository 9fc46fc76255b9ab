# SPDX-License-Identifier: Apache-2.0
"""Tables. Each package that keeps something adds its own here, with a migration beside it."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Of all tables."""


class AuditRow(Base):
    """One link of the audit chain; see ``motet.policy.audit``. The database itself refuses to change or delete it."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32))
    """UTC, RFC 3339 with microseconds: text, because it is hashed as written."""
    actor: Mapped[str] = mapped_column(String(200), index=True)
    action: Mapped[str] = mapped_column(String(100), index=True)
    subject: Mapped[str] = mapped_column(String(200), index=True)
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str]
    """Canonical JSON; text for the same reason as ``at``."""
    prev: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)


class PackageRow(Base):
    """A package that some device has, or had before its last update; see ``motet.components.depot``."""

    __tablename__ = "packages"

    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(64), index=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    publishers: Mapped[str]
    """Trusted keys that had signed it when it was installed last, by name, a space between."""
    archive: Mapped[bytes]
    """The package as a file ``.motet``."""


class InstallationRow(Base):
    """Which package a device has, and from where."""

    __tablename__ = "installations"

    device: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("packages.digest"))
    previous: Mapped[str | None] = mapped_column(ForeignKey("packages.digest"))
    source: Mapped[str]
    at: Mapped[str] = mapped_column(String(32))


class TaskRow(Base):
    """One task; see ``motet.gateway.tasktable``."""

    __tablename__ = "tasks"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    device: Mapped[str] = mapped_column(String(32), index=True)
    status: Mapped[str] = mapped_column(String(20))
    expires: Mapped[int] = mapped_column(BigInteger, index=True)
    """Unix ms."""
    body: Mapped[str]
    """The whole task as JSON."""
