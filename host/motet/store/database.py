# SPDX-License-Identifier: Apache-2.0
"""Opening the database, bringing its schema up to date, and transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

_MIGRATIONS = Path(__file__).with_name("migrations")
# Any number, the same in every process: only one may bring the schema up to date.
_LOCK = 0x6D6F7465
_BUSY_MS = 10_000


class StoreError(Exception):
    """The database cannot be opened or used; the message says why, without passwords."""


class Store:
    """A database at `url`: ``sqlite:///path``, ``postgresql+psycopg://user@host/name``, or the path of an SQLite file.

    Opening it creates it and brings its schema up to date. Raises StoreError. Usable from several threads; SQLite writers
    of several processes wait for each other up to ten seconds.
    """

    def __init__(self, url: str | Path) -> None:
        self._engine = _engine(url)
        try:
            self._upgrade()
        except (SQLAlchemyError, CommandError) as error:
            self._engine.dispose()
            raise StoreError(f"{self.name}: {_reason(error)}") from None

    @property
    def name(self) -> str:
        """The URL with its password hidden."""
        return self._engine.url.render_as_string(hide_password=True)

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view; nothing in it can be written. Raises StoreError."""
        with self._session() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: committed at the end, undone by any exception. Raises StoreError when the database refuses it."""
        with self._session() as session:
            if self.dialect == "sqlite":
                # Asked for at the first statement: a reader that becomes a writer later may find that it is too late.
                session.execute(text("BEGIN IMMEDIATE"))
            yield session
            session.commit()

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        session = Session(self._engine, expire_on_commit=False)
        try:
            yield session
        except SQLAlchemyError as error:
            raise StoreError(f"{self.name}: {_reason(error)}") from error
        finally:
            session.close()

    def _upgrade(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with self._engine.connect() as connection:
            if self.dialect == "sqlite":
                connection.execute(text("BEGIN IMMEDIATE"))
            else:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()


def head() -> str:
    """The schema's newest revision."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return str(ScriptDirectory.from_config(config).get_current_head())


def _engine(url: str | Path) -> Engine:
    try:
        parsed = make_url(f"sqlite:///{url}" if isinstance(url, Path) or "://" not in url else url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise StoreError(f"{parsed.get_backend_name()}: expected sqlite or postgresql")
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, OSError) as error:
        raise StoreError(f"the store cannot be opened: {error}") from None
    except ValueError:
        # Its text would hold what was taken for a port, which may be a part of the password.
        raise StoreError(
            "the store cannot be opened: its URL has no valid port; quote @ and : in a password as %40 and %3A"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _tune)
    return engine


def _tune(connection: Any, _: Any) -> None:
    """Our own transactions instead of the driver's; WAL, so that readers do not stop writers; synced at every commit."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
        "recursive_triggers=on",
        f"busy_timeout={_BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _reason(error: Exception) -> str:
    told = error.orig if isinstance(error, DBAPIError) else error
    return str(told).strip().splitlines()[0]
