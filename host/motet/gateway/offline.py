# SPDX-License-Identifier: Apache-2.0
"""Calls to a device that is away: kept as tasks, in the database, and made when it is back; for clients that take tasks.

A call is made at most once. When it was with the device and no answer came, the task fails and says that nobody knows whether
it ran; only a tool that calls itself idempotent is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp.shared.exceptions import MCPError

from motet.fleet import Device
from motet.gateway import errors
from motet.gateway.asking import Asker, Question
from motet.gateway.definitions import Definition, Definitions
from motet.gateway.tasktable import Task
from motet_core.errors import BUSY

# Calls that may wait for one device.
MOST_WAITING = 64
_PRIORITY, KEY, _EXPIRES = "motet/priority", "motet/idempotencyKey", "motet/expiresS"
_HIGHEST, _LONGEST_KEY = 9, 64


@dataclass(frozen=True, slots=True)
class Wish:
    """How a call wants to wait: the highest `priority` goes first; an equal `key` is the same call; `expires_ms` from now."""

    priority: int
    key: str
    expires_ms: int | None

    @classmethod
    def of(cls, meta: Mapping[str, Any]) -> Wish:
        """From a request's `_meta`. Raises ValueError naming what is wrong."""
        priority, key, expires = meta.get(_PRIORITY, 0), meta.get(KEY, ""), meta.get(_EXPIRES)
        if not isinstance(priority, int) or isinstance(priority, bool) or not 0 <= priority <= _HIGHEST:
            raise ValueError(f"{_PRIORITY} is a number from 0 to {_HIGHEST}")
        if not isinstance(key, str) or len(key) > _LONGEST_KEY:
            raise ValueError(f"{KEY} is a text of at most {_LONGEST_KEY} characters")
        if expires is not None and (not isinstance(expires, int | float) or isinstance(expires, bool) or not 0 < expires < 1e9):
            raise ValueError(f"{_EXPIRES} is a number of seconds")
        return cls(priority, key, None if expires is None else int(expires * 1000))


def definition(device: Device, tool: str, max_tools: int) -> Definition | None:
    """The tool of a device that is away, as it was told last."""
    return None if device.online else Definitions(device.tools, max_tools).tools.get(tool)


def next_of(running: Iterable[Task]) -> Task | None:
    """Whose turn it is among the calls that wait for a device, of its tasks that run."""
    waiting = [task for task in running if task.queued and not task.over]
    return min(waiting, key=lambda task: (-task.priority, task.created, task.id), default=None)


async def made(asker: Asker, task: Task) -> Any:
    """The device's answer to the first request of a queued task; None when it was not there to be asked.

    Raises MCPError: the device's, or that nobody knows whether the call ran.
    """
    try:
        return await asker.once(Question(task.device, task.label, task.method, {}), task.asked)
    except MCPError as error:
        if error.code == BUSY or (task.idempotent and error.code in errors.AWAY):
            return None
        if error.code in errors.AWAY:
            raise errors.uncertain(task.device, task.label, error.error.message) from error
        raise
