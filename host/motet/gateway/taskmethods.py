# SPDX-License-Identifier: Apache-2.0
"""The methods of the tasks extension: tasks/get, tasks/update and tasks/cancel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import MCP_NAME_HEADER, decode_header_value
from mcp_types import INVALID_PARAMS, RequestParams
from mcp_types.jsonrpc import HEADER_MISMATCH, METHOD_NOT_FOUND
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from motet.gateway import errors, views
from motet.gateway.callers import owner
from motet.gateway.offered import renamed
from motet.gateway.tasks import EXTENSION, Tasks
from motet.gateway.tasktable import Task
from motet.gateway.views import View
from motet.wire import Json

Context = ServerRequestContext[Any, Any]
_DONE: Json = {"resultType": "complete"}


class TaskParams(RequestParams):
    """Of tasks/get and tasks/cancel."""

    taskId: str  # noqa: N815 - the name on the wire


class UpdateParams(TaskParams):
    """Of tasks/update."""

    inputResponses: dict[str, Any] = {}  # noqa: N815, RUF012


def declared(ctx: Context) -> bool:
    """Whether the client of a request can be given a task instead of a result."""
    able = ctx.session.client_capabilities
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS and able is not None and EXTENSION in (able.extensions or {})


def required() -> MCPError:
    """For a client that has not declared it."""
    return errors.missing_capability("this request", {"extensions": {EXTENSION: {}}})


class TaskMethods:
    """Serves them for `tasks`."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def register(self, server: Server[Any]) -> None:
        """Announce the extension, and answer its methods."""
        server.extensions[EXTENSION] = {}
        server.add_request_handler("tasks/get", TaskParams, self._on(self._get))
        server.add_request_handler("tasks/update", UpdateParams, self._on(self._update))
        server.add_request_handler("tasks/cancel", TaskParams, self._on(self._cancel))

    def _on(self, work: Callable[[Context, Task, Any], Awaitable[Json]]) -> Callable[[Context, Any], Awaitable[Json]]:
        async def handle(ctx: Context, params: TaskParams) -> Json:
            if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
                raise MCPError(METHOD_NOT_FOUND, "Method not found")
            if not declared(ctx):
                raise required()
            headers = getattr(ctx.request, "headers", None)
            if headers is not None and decode_header_value(headers.get(MCP_NAME_HEADER)) != params.taskId:
                raise MCPError(HEADER_MISMATCH, f"{MCP_NAME_HEADER} header does not match the task id")
            task = self._tasks.find(params.taskId, owner(ctx))
            if task is None:
                raise MCPError(INVALID_PARAMS, "unknown task")
            return await work(ctx, task, params)

        return handle

    async def _get(self, ctx: Context, task: Task, _params: TaskParams) -> Json:
        return {**detailed(task, views.of(ctx)), **_DONE}

    async def _update(self, _ctx: Context, task: Task, params: UpdateParams) -> Json:
        wrong = [key for key, one in params.inputResponses.items() if key in task.requests and not isinstance(one, dict)]
        if wrong:
            raise MCPError(INVALID_PARAMS, f"inputResponses: {errors.shorten(wrong[0])} is not an object")
        await self._tasks.answer(task, params.inputResponses)
        return _DONE

    async def _cancel(self, _ctx: Context, task: Task, _params: TaskParams) -> Json:
        await self._tasks.cancel(task)
        return _DONE


def described(task: Task) -> Json:
    """A task as its creation and tasks/get tell it."""
    told: Json = {
        "resultType": "task",
        "taskId": task.id,
        "status": task.status,
        "createdAt": _time(task.created),
        "lastUpdatedAt": _time(task.updated),
        "ttlMs": task.ttl_ms,
        "pollIntervalMs": max(task.poll_ms, 100),
    }
    return {**told, "statusMessage": task.message} if task.message else told


def detailed(task: Task, view: View) -> Json:
    """A task with what belongs to its status, as tasks/get and notifications/tasks tell it in a view."""
    told = {name: value for name, value in described(task).items() if name != "resultType"}
    result = None if task.result is None else renamed(task.result, view, task.device)
    more = (("inputRequests", task.requests), ("result", result), ("error", task.error))
    return {**told, **{name: value for name, value in more if value}}


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
