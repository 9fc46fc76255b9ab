# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry: migrations run on the connection, and in the transaction, of ``motet.store.database``."""

from alembic import context

from motet.store.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
