# SPDX-License-Identifier: Apache-2.0
"""Calls that wait for their answers, by id and by device."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from motet.fleet.device import Device
from motet.wire import Json

log = logging.getLogger(__name__)

Progress = Callable[[float, float | None, str | None], Awaitable[None]]
Log = Callable[[str, Any], Awaitable[None]]

# Ids of finished calls that are remembered, to tell a doubled or late answer from nonsense.
_REMEMBERED = 1024


class Call:
    """One request under way. `connection` is the number of the broker connection that carried it last, `answered` whether
    the device's own answer ended it."""

    __slots__ = ("answer", "answered", "connection", "deadline", "device", "id", "lines", "method", "nonce", "params", "reporter")

    def __init__(
        self,
        call_id: int,
        device: Device,
        method: str,
        params: Json,
        deadline: float,
        reporter: Reporter | None,
        lines: Lines | None,
    ) -> None:
        self.id, self.device, self.nonce, self.lines = call_id, device, device.nonce, lines
        self.method, self.params, self.deadline, self.reporter = method, params, deadline, reporter
        self.answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.connection, self.answered = 0, False

    def fail(self, error: Exception) -> None:
        """End the call with `error`, unless it has ended."""
        if not self.answer.done():
            self.answer.set_exception(error)


class _Hander:
    """Hands what a device says to a listener, one thing at a time, beside the call."""

    WHAT = ""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def _more(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while (work := self._next()) is not None:
                await work
        except Exception as error:
            log.debug("a listener to %s failed: %r", self.WHAT, error)

    def _next(self) -> Awaitable[None] | None:
        """The listener at work on the next thing; None when there is none."""
        raise NotImplementedError

    async def finish(self, timeout: float) -> None:
        """Wait for what is under way: none may follow the result, and no listener holds it up beyond `timeout`."""
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=timeout)

    def stop(self) -> None:
        """Hand on nothing more."""
        if self._task is not None:
            self._task.cancel()


class Reporter(_Hander):
    """Hands progress to a listener one report at a time; when it is slow, only the newest report waits."""

    WHAT = "progress"

    def __init__(self, listener: Progress) -> None:
        super().__init__()
        self._listener = listener
        self._newest: tuple[float, float | None, str | None] | None = None

    def report(self, params: Any) -> bool:
        """The params of notifications/progress; False when they are nonsense."""
        if not isinstance(params, dict) or not _is_number(params.get("progress")):
            return False
        total, message = params.get("total"), params.get("message")
        if not (total is None or _is_number(total)) or not (message is None or isinstance(message, str)):
            return False
        self._newest = (params["progress"], total, message)
        self._more()
        return True

    def _next(self) -> Awaitable[None] | None:
        report, self._newest = self._newest, None
        return None if report is None else self._listener(*report)


class Lines(_Hander):
    """Hands log lines to a listener one at a time, in order; of a device that says more than is taken, the rest is lost."""

    WHAT, MOST = "log lines", 64

    def __init__(self, listener: Log) -> None:
        super().__init__()
        self._listener = listener
        self._waiting: list[tuple[str, Any]] = []

    def add(self, params: Any) -> bool:
        """The params of notifications/message; False when they are nonsense or too many."""
        if not isinstance(params.get("level"), str) or len(self._waiting) >= self.MOST:
            return False
        self._waiting.append((params["level"], params.get("data")))
        self._more()
        return True

    def _next(self) -> Awaitable[None] | None:
        return self._listener(*self._waiting.pop(0)) if self._waiting else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Calls:
    """The calls under way."""

    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}
        self._by_device: dict[str, set[Call]] = {}
        self._finished: dict[int, bool] = {}
        self._last_id = 0

    def __len__(self) -> int:
        return len(self._calls)

    def open(
        self, device: Device, method: str, params: Json, deadline: float, reporter: Reporter | None, lines: Lines | None = None
    ) -> Call:
        """A new call under a new id."""
        self._last_id += 1
        call = self._calls[self._last_id] = Call(self._last_id, device, method, params, deadline, reporter, lines)
        self._by_device.setdefault(device.id, set()).add(call)
        return call

    def close(self, call: Call) -> None:
        """The call is over."""
        del self._calls[call.id]
        of_device = self._by_device[call.device.id]
        of_device.discard(call)
        if not of_device:
            del self._by_device[call.device.id]
        self._finished[call.id] = call.answered
        if len(self._finished) > _REMEMBERED:
            del self._finished[next(iter(self._finished))]

    def get(self, call_id: object) -> Call | None:
        """The call under way with this id."""
        return self._calls.get(call_id) if type(call_id) is int else None

    def stray(self, call_id: object) -> str:
        """What to count an answer as that no call waits for."""
        answered = self._finished.get(call_id) if type(call_id) is int else None
        return "answers_unknown" if answered is None else "answers_doubled" if answered else "answers_late"

    def of(self, device_id: str) -> Iterator[Call]:
        """The calls of a device, a snapshot."""
        return iter(tuple(self._by_device.get(device_id, ())))
