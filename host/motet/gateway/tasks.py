# SPDX-License-Identifier: Apache-2.0
"""Calls that outlast their request: the extension io.modelcontextprotocol/tasks (SEP-2663), on the server's side.

A device that takes a call as a task says so ("task", with a state) and is asked again with that state until it is done; it
keeps nothing of the task itself. So a task survives a restart of the gateway, and a device that is away for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from mcp.shared.exceptions import MCPError

from motet.gateway import errors, inputs, offline
from motet.gateway.asking import POLL_MS, Asker, Question, next_poll
from motet.gateway.finished import Finished
from motet.gateway.tasktable import Task, TaskTable
from motet.store import StoreError
from motet.wire import Json

log = logging.getLogger(__name__)

EXTENSION = "io.modelcontextprotocol/tasks"
# Open ones: each holds a place in the table, and asks its device now and then.
MOST_OPEN, MOST_OPEN_OF_ONE = 10_000, 256
# How often a device that is away is asked for again, unless it comes back before.
_AWAY_S, _LONGEST_AWAY_S = 2.0, 60.0
Finish = Callable[[Json, str, str], Json]
Tell = Callable[[Task], None]


class TooManyTasks(Exception):
    """No more tasks can be open at the same time."""


class Tasks:
    """All tasks; `finish(result, device, label)` checks a device's last answer, `ttl_s` is how long they last, `tell` of news."""

    def __init__(self, asker: Asker, table: TaskTable, finish: Finish, ttl_s: float, tell: Tell) -> None:
        self._asker, self._table, self._finish, self._ttl_ms, self._tell = asker, table, finish, int(ttl_s * 1000), tell
        self._tasks: dict[str, Task] = {}
        self._finished = Finished()
        self._runs: dict[str, asyncio.Task[None]] = {}
        # Those that run, by their device.
        self._of: dict[str, set[str]] = {}
        # Set when there is something new for a task that waits: answers, or its device.
        self._news: dict[str, asyncio.Event] = {}
        self._late: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Go on with what was open when the gateway ended; tasks run inside the block."""
        for task in sorted(await self._table.load(), key=lambda one: one.updated):
            self._tasks[task.id] = task
            if task.over:
                await self._forget(self._finished.add(task))
            else:
                self._start(task)
        sweeping = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            runs = [sweeping, *self._runs.values()]
            for run in runs:
                run.cancel()
            await asyncio.wait(runs)
            await self._table.written()

    async def begin(self, question: Question, asked: Json, owner: str, answer: Json) -> Task:
        """A new task for a question that the device answered with "task"; it is written down when this returns.

        Raises TooManyTasks, StoreError.
        """
        task = self._made(question, asked, owner)
        task.state, task.poll_ms = next_poll(answer)
        return await self._opened(task)

    async def queue(self, question: Question, asked: Json, owner: str, wish: offline.Wish, idempotent: bool) -> Task:
        """A call to a device that is away: made once it is back; the task of an equal call, when there is one.

        Raises TooManyTasks, StoreError.
        """
        if (same := self.same(question.label, owner, wish.key)) is not None:
            return same
        waiting = sum(one.queued and not one.over and one.device == question.device for one in self._tasks.values())
        if waiting >= offline.MOST_WAITING:
            raise TooManyTasks
        task = self._made(question, asked, owner)
        task.queued, task.idempotent, task.priority, task.key = True, idempotent, wish.priority, wish.key
        task.wanted_until = task.created + wish.expires_ms if wish.expires_ms is not None else 0
        task.message = f"device {question.device} is away; the call waits for it"
        return await self._opened(task)

    def same(self, label: str, owner: str, key: object) -> Task | None:
        """The task of an equal call to a device that was away."""
        if not key:
            return None
        wanted = (key, owner, label)
        return next((one for one in self._tasks.values() if (one.key, one.owner, one.label) == wanted), None)

    def _made(self, question: Question, asked: Json, owner: str) -> Task:
        mine = [one for one in self._tasks.values() if not one.over]
        if len(mine) >= MOST_OPEN or sum(one.owner == owner for one in mine) >= MOST_OPEN_OF_ONE:
            raise TooManyTasks
        now = _now()
        names = secrets.token_urlsafe(24), owner, question.device, question.label, question.method
        return Task(*names, asked=asked, created=now, updated=now, ttl_ms=self._ttl_ms, poll_ms=POLL_MS)

    async def _opened(self, task: Task) -> Task:
        # Known before it is written, so that an equal call that comes meanwhile finds it.
        self._tasks[task.id] = task
        try:
            await self._table.save(task)
        except StoreError:
            del self._tasks[task.id]
            raise
        except asyncio.CancelledError:
            # Its client left meanwhile: nobody knows its name.
            del self._tasks[task.id]
            late = asyncio.create_task(self._forget([task.id]))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
            raise
        self._start(task)
        return task

    def find(self, task_id: str, owner: str) -> Task | None:
        """The task, when it is this owner's."""
        task = self._tasks.get(task_id)
        return task if task is not None and task.owner == owner else None

    async def answer(self, task: Task, answers: dict[str, Json]) -> None:
        """Answers to what the task asked; others are ignored. It goes on once nothing is open."""
        for key in [key for key in answers if key in task.requests]:
            del task.requests[key]
            task.answers[task.asked_as.get(key, key)] = answers[key]
        if task.status == "input_required" and not task.requests:
            await self._becomes(task, status="working")
            self._news[task.id].set()
        elif not task.over:
            await self._becomes(task)

    async def cancel(self, task: Task) -> None:
        """End it, also on the device; nothing for one that has ended."""
        if task.over:
            return
        await self._becomes(task, status="cancelled", requests={})
        if task.id in self._runs:
            self._runs[task.id].cancel()

    def arrived(self, device: str) -> None:
        """The device is there: its tasks need not wait any longer."""
        for task_id in self._of.get(device, ()):
            self._news[task_id].set()

    def __len__(self) -> int:
        return len(self._tasks)

    def _start(self, task: Task) -> None:
        self._news[task.id] = asyncio.Event()
        self._of.setdefault(task.device, set()).add(task.id)
        run = self._runs[task.id] = asyncio.create_task(self._run(task), name=f"task {task.id}")
        run.add_done_callback(lambda _: self._ended(task))

    def _ended(self, task: Task) -> None:
        self._runs.pop(task.id, None)
        self._news.pop(task.id, None)
        mine = self._of.get(task.device, set())
        mine.discard(task.id)
        if not mine:
            self._of.pop(task.device, None)
        elif task.queued:
            # Whatever ended it, the next one's turn has come.
            self.arrived(task.device)

    async def _run(self, task: Task) -> None:
        away_s = _AWAY_S
        try:
            if task.queued:
                await self._deliver(task)
            while not task.over:
                if await self._step(task):
                    away_s = _AWAY_S
                else:
                    await self._wait(task, away_s)
                    away_s = min(2 * away_s, _LONGEST_AWAY_S)
        except MCPError as error:
            await self._fails(task, error.error.model_dump(exclude_none=True))
        except StoreError:
            log.exception("task %s of %s cannot be kept", task.id, task.device)
        except Exception:
            log.exception("task %s of %s failed inside the gateway", task.id, task.device)
            await self._fails(task, {"code": -32603, "message": "the gateway failed; its log says why"})

    async def _fails(self, task: Task, error: Json) -> None:
        await self._becomes(task, status="failed", error=error, message=error["message"], requests={})

    async def _deliver(self, task: Task) -> None:
        """Makes a call that waits for its device, in its turn. Raises MCPError."""
        if task.sent and not task.idempotent:
            raise errors.uncertain(task.device, task.label, "the gateway ended meanwhile")
        while task.queued:
            if 0 < task.wanted_until < _now():
                raise errors.outdated(task.device, task.label)
            if offline.next_of(self._tasks[one] for one in self._of[task.device]) is task and self._asker.reachable(task.device):
                await self._make(task)
            else:
                left_s = (task.wanted_until - _now()) / 1000 if task.wanted_until else _LONGEST_AWAY_S
                await self._wait(task, min(max(left_s, 0.05), _LONGEST_AWAY_S))

    async def _make(self, task: Task) -> None:
        await self._becomes(task, sent=True)
        result = await offline.made(self._asker, task)
        if result is None:
            await self._becomes(task, sent=False)
            await self._wait(task, _AWAY_S)
            return
        task.queued = False
        # The next one's turn has come.
        self.arrived(task.device)
        await self._take(task, result)

    async def _wait(self, task: Task, timeout_s: float | None) -> None:
        news = self._news[task.id]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await news.wait()
        news.clear()

    async def _step(self, task: Task) -> bool:
        """One question and its answer; False when the device is away."""
        while task.status == "input_required":
            await self._wait(task, None)
        question = Question(task.device, task.label, task.method, {})
        told = {**task.asked, "requestState": task.state, "inputResponses": task.answers or None}
        try:
            result = await self._asker.once(question, {name: value for name, value in told.items() if value is not None})
        except MCPError as error:
            if error.code not in errors.AWAY:
                raise
            task.message = error.error.message
            return False
        await self._take(task, result)
        return True

    async def _take(self, task: Task, result: Json) -> None:
        kind = result.get("resultType", "complete")
        if kind == "task":
            state, task.poll_ms = next_poll(result)
            if state != task.state or task.answers or task.message:
                await self._becomes(task, state=state, answers={}, message="")
            await asyncio.sleep(task.poll_ms / 1000)
        elif kind == "input_required":
            requests = inputs.wanted(result, task.device, task.label)
            if not requests:
                raise errors.bad_answer(task.device, task.label)
            changes: Json = {"answers": {}, "state": result.get("requestState", task.state), "message": ""}
            await self._becomes(task, status="input_required", requests=task.numbered(requests), **changes)
        else:
            done = self._finish(result, task.device, task.label)
            await self._becomes(task, status="completed", result=done, state=None, answers={}, message="")

    async def _becomes(self, task: Task, **changes: Any) -> None:
        before, over = (task.status, task.message, list(task.requests)), task.over
        for name, value in changes.items():
            setattr(task, name, value)
        task.updated = max(_now(), task.updated)
        if task.over and not over:
            await self._forget(self._finished.add(task))
        await self._table.save(task)
        # Once it is written: a client that has heard of it must find it so.
        if before != (task.status, task.message, list(task.requests)):
            self._tell(task)

    async def _sweep(self) -> None:
        while True:
            await self._forget([task.id for task in self._tasks.values() if task.expires < _now()])
            await asyncio.sleep(min(60.0, self._ttl_ms / 1000))

    async def _forget(self, ids: list[str]) -> None:
        for task_id in ids:
            task = self._tasks.pop(task_id, None)
            self._finished.discard(task_id)
            if task is not None and task_id in self._runs:
                self._runs[task_id].cancel()
                self._ended(task)
        try:
            await self._table.forget(ids)
        except StoreError:
            log.exception("old tasks cannot be deleted")


def _now() -> int:
    return time.time_ns() // 1_000_000
