# SPDX-License-Identifier: Apache-2.0
"""Tasks as they are kept: in the gateway's database, so that they outlive it, or in memory where there is none."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from sqlalchemy import delete, select

from motet.store import Store, TaskRow
from motet.wire import Json

Status = Literal["working", "input_required", "completed", "failed", "cancelled"]


@dataclass
class Task:
    """One task. `state` is what the device wants to hear back, `asked` how the first request went; times are Unix ms."""

    id: str
    owner: str
    device: str
    label: str
    method: str
    asked: Json
    created: int
    updated: int
    ttl_ms: int
    poll_ms: int
    state: str | None = None
    status: Status = "working"
    message: str = ""
    requests: dict[str, Json] = field(default_factory=dict)
    answers: dict[str, Json] = field(default_factory=dict)
    # Rounds of requests so far, and the device's own keys of the present ones.
    rounds: int = 0
    asked_as: dict[str, str] = field(default_factory=dict)
    result: Json | None = None
    error: Json | None = None
    # Of a call that waits for a device that is away: not made yet; given to the device; may be made twice; which goes first; what
    # makes it the same call; until when it is wanted (Unix ms, 0: as long as the task lasts).
    queued: bool = False
    sent: bool = False
    idempotent: bool = False
    priority: int = 0
    key: str = ""
    wanted_until: int = 0

    @property
    def over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.status in ("completed", "failed", "cancelled")

    @property
    def expires(self) -> int:
        """When it may be forgotten, as Unix ms: its time counts from its last change, so that results can be fetched."""
        return (self.updated if self.over else self.created) + self.ttl_ms

    def numbered(self, requests: dict[str, Json]) -> dict[str, Json]:
        """What its device wants next, under keys that it has not used before: clients answer each key once (SEP-2663)."""
        self.asked_as = {f"{key}-{self.rounds}" if self.rounds else key: key for key in requests}
        self.rounds += 1
        return {key: requests[own] for key, own in self.asked_as.items()}


@dataclass
class _Batch:
    """Rows by the task's id, None where it is to be deleted; `done` ends when they are written."""

    rows: dict[str, TaskRow | None]
    done: asyncio.Future[None]


class TaskTable:
    """Keeps tasks. Without `store` they end with the process. Raises StoreError.

    What comes while a transaction is written goes into the next one together: a device that comes back ends many tasks at once.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._batch: _Batch | None = None
        self._writer: asyncio.Task[None] | None = None

    async def save(self, task: Task) -> None:
        """Returns once it is written down."""
        if self._store is not None:
            body = json.dumps(asdict(task))
            row = TaskRow(id=task.id, device=task.device, status=task.status, expires=task.expires, body=body)
            await self._put({task.id: row})

    async def forget(self, ids: list[str]) -> None:
        """Delete tasks."""
        if self._store is not None and ids:
            await self._put(dict.fromkeys(ids))

    async def load(self) -> list[Task]:
        """Every task kept."""
        return [] if self._store is None else await asyncio.to_thread(self._read)

    async def written(self) -> None:
        """Return once everything is written down."""
        if self._writer is not None:
            await asyncio.wait((self._writer,))

    async def _put(self, rows: dict[str, TaskRow | None]) -> None:
        if self._batch is None:
            self._batch = _Batch({}, asyncio.get_running_loop().create_future())
        batch = self._batch
        # What is written last is what was so last.
        batch.rows |= rows
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="task table")
        # Whoever does not wait any more does not keep the others from being written.
        await asyncio.shield(batch.done)

    async def _write_all(self) -> None:
        while (batch := self._batch) is not None:
            self._batch = None
            try:
                await asyncio.to_thread(self._write, batch.rows)
            except Exception as error:
                batch.done.set_exception(error)
                # Perhaps nobody waits.
                batch.done.exception()
            else:
                batch.done.set_result(None)
            finally:
                batch.done.cancel()

    def _write(self, rows: dict[str, TaskRow | None]) -> None:
        assert self._store is not None
        with self._store.writing() as session:
            session.execute(delete(TaskRow).where(TaskRow.id.in_(rows)))
            session.add_all(row for row in rows.values() if row is not None)

    def _read(self) -> list[Task]:
        assert self._store is not None
        with self._store.reading() as session:
            return [Task(**json.loads(body)) for body in session.scalars(select(TaskRow.body))]
