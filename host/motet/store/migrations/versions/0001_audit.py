# SPDX-License-Identifier: Apache-2.0
"""The audit chain, which takes nothing but its next link."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SQLITE = (
    """create trigger audit_no_update before update on audit
       begin select raise(abort, 'the audit is append-only'); end""",
    """create trigger audit_no_delete before delete on audit
       begin select raise(abort, 'the audit is append-only'); end""",
    """create trigger audit_next before insert on audit
       when new.seq <> coalesce((select max(seq) from audit), 0) + 1
         or new.prev <> coalesce((select hash from audit order by seq desc limit 1), zeroblob(32))
       begin select raise(abort, 'not the next link of the audit'); end""",
)
POSTGRESQL = (
    """create function audit_refuse() returns trigger language plpgsql as
       $$ begin raise exception 'the audit is append-only'; end $$""",
    """create function audit_check() returns trigger language plpgsql as
       $$ declare last audit; begin
         select * into last from audit order by seq desc limit 1;
         if new.seq <> coalesce(last.seq, 0) + 1
            or new.prev <> coalesce(last.hash, decode(repeat('00', 32), 'hex')) then
           raise exception 'not the next link of the audit';
         end if;
         return new;
       end $$""",
    "create trigger audit_no_change before update or delete or truncate on audit execute function audit_refuse()",
    "create trigger audit_next before insert on audit for each row execute function audit_check()",
)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False, index=True),
        sa.Column("action", sa.String(100), nullable=False, index=True),
        sa.Column("subject", sa.String(200), nullable=False, index=True),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("prev", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False, unique=True),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
