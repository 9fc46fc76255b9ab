# SPDX-License-Identifier: Apache-2.0
"""Packages that devices have, and which device has which from where."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "packages",
        sa.Column("digest", sa.String(71), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(64), nullable=False, index=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("publishers", sa.String, nullable=False),
        sa.Column("archive", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "installations",
        sa.Column("device", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(71), sa.ForeignKey("packages.digest"), nullable=False),
        sa.Column("previous", sa.String(71), sa.ForeignKey("packages.digest"), nullable=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
