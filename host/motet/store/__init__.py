# SPDX-License-Identifier: Apache-2.0
"""The gateway's database: SQLite in the state folder, or PostgreSQL by URL."""

from motet.store.database import Store, StoreError
from motet.store.tables import Base, TaskRow

__all__ = ["Base", "Store", "StoreError", "TaskRow"]
