# SPDX-License-Identifier: Apache-2.0
"""The audit: who did what to what, and whether it was allowed, as a chain of hashes that only grows.

Each entry's hash covers its fields and the hash before it, so an entry that was changed, removed or put in later shows in
``verify``. The database refuses such changes too, but whoever owns it could lift that, and could make a whole new chain:
a head hash that was written down elsewhere is what shows this.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from motet.store import Store
from motet.store.tables import AuditRow

START = bytes(32)
_PAGE = 1000
# What the table takes; longer names are cut, and their hash is in the detail.
_LENGTHS = {"actor": 200, "action": 100, "subject": 200, "outcome": 20}


@dataclass(frozen=True)
class Entry:
    """One link of the chain. `detail` is JSON data without floats, whose text could differ between writers."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    outcome: str
    detail: dict[str, Any]
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What ``verify`` found: how many entries, the last hash, and the first entry that is wrong, or None."""

    entries: int
    head: str
    broken_at: int | None = None


class Audit:
    """The audit in `store`. Usable from several threads and processes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, actor: str, action: str, subject: str, outcome: str, detail: Mapping[str, Any] | None = None) -> Entry:
        """Add an entry and return it once it is on disk. Raises StoreError, TypeError and ValueError for what is no JSON."""
        names = {"actor": actor, "action": action, "subject": subject, "outcome": outcome}
        for name, value in names.items():
            if not value or len(value) > _LENGTHS[name]:
                raise ValueError(f"{name}: expected 1 to {_LENGTHS[name]} characters")
        text = _canonical(dict(detail or {}))
        at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        with self._store.writing() as session:
            seq, prev = _last(session)
            row = AuditRow(seq=seq + 1, at=at, **names, detail=text, prev=prev)
            row.hash = _digest(row)
            session.add(row)
        return _entry(row)

    def entries(self, after: int = 0, limit: int = 100, /, **wanted: str) -> list[Entry]:
        """The next `limit` entries behind number `after`, oldest first; `wanted`: actor, action, subject, outcome."""
        with self._store.reading() as session:
            query = select(AuditRow).where(AuditRow.seq > after).order_by(AuditRow.seq).limit(limit)
            return [_entry(row) for row in session.scalars(query.filter_by(**wanted))]

    def newest(self, limit: int = 100, /, **wanted: str) -> list[Entry]:
        """The last `limit` entries, oldest first."""
        with self._store.reading() as session:
            query = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
            return [_entry(row) for row in reversed(session.scalars(query.filter_by(**wanted)).all())]

    def verify(self) -> Verdict:
        """Compute the whole chain anew. Raises StoreError."""
        count, head = 0, START
        with self._store.reading() as session:
            for row in _rows(session):
                if row.seq != count + 1 or row.prev != head or not _is_whole(row):
                    return Verdict(count, head.hex(), broken_at=count + 1)
                count, head = row.seq, row.hash
        return Verdict(count, head.hex())


def _last(session: Session) -> tuple[int, bytes]:
    if session.get_bind().dialect.name == "postgresql":
        # SQLite has one writer; here two would both take the same number, and one of them would fail.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext("audit"))))
    row = session.execute(select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)).first()
    return (row.seq, row.hash) if row is not None else (0, START)


def _rows(session: Session) -> Iterator[AuditRow]:
    yield from session.scalars(select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=_PAGE))


def _canonical(value: Any) -> str:
    for item in _leaves(value):
        if isinstance(item, float):
            raise TypeError("floats have no single text: write them as text or as a scaled integer")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _leaves(value: Any) -> Iterator[Any]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
        else:
            yield item


def _digest(row: AuditRow) -> bytes:
    fields = [row.seq, row.at, row.actor, row.action, row.subject, row.outcome, row.detail]
    return hashlib.sha256(b"\0" + _canonical(fields).encode() + row.prev).digest()


def _is_whole(row: AuditRow) -> bool:
    try:
        return bool(row.hash == _digest(row))
    except (TypeError, ValueError):
        # SQLite takes any type in any column: nothing that was written here has no single text.
        return False


def _entry(row: AuditRow) -> Entry:
    detail = json.loads(row.detail)
    return Entry(row.seq, row.at, row.actor, row.action, row.subject, row.outcome, detail, row.hash.hex())


def as_json(entry: Entry) -> dict[str, Any]:
    """The entry as JSON data."""
    return asdict(entry)
