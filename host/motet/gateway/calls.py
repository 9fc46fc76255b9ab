# SPDX-License-Identifier: Apache-2.0
"""tools/call: find the tool, check the arguments, ask its device, hand the answer back."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, CallToolResult
from mcp_types.version import LATEST_MODERN_VERSION, MODERN_PROTOCOL_VERSIONS

from motet.fleet import Fleet
from motet.gateway import errors, offline, taskmethods, views
from motet.gateway.asking import Asker, Question, rounds
from motet.gateway.callers import entity, owner, scopes
from motet.gateway.catalogue import Catalogue, Tool
from motet.gateway.local import LocalTools
from motet.gateway.offered import renamed
from motet.gateway.rules import Rules
from motet.gateway.tasks import Tasks, TooManyTasks
from motet.gateway.tasktable import Task
from motet.gateway.values import amount, finite, typed, unsendable
from motet.gateway.views import View
from motet.gateway.withdrawing import Withdrawal
from motet.observe import Metrics
from motet.wire import Json, WireError

log = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]


class Calls:
    """The `tools/call` handler of the MCP server."""

    def __init__(
        self, fleet: Fleet, catalogue: Catalogue, metrics: Metrics, asker: Asker, tasks: Tasks, rules: Rules | None = None
    ) -> None:
        self._fleet, self._catalogue, self._metrics, self._rules = fleet, catalogue, metrics, rules
        self._asker, self._tasks = asker, tasks
        self.local = LocalTools()
        self._under_way: set[Withdrawal] = set()

    def stop(self) -> None:
        """Withdraw every call under way; each is answered with an error that says so."""
        for call in tuple(self._under_way):
            call.withdraw("stopping")

    async def __call__(self, ctx: Context, params: CallToolRequestParams) -> Json:
        """Raises MCPError; see `errors`."""
        return await self.call(ctx, params.name, params.arguments or {})

    async def call(self, ctx: Context, name: str, arguments: Json) -> Json:
        """The same with params taken apart."""
        view = views.of(ctx)
        if self.local.has(name, view):
            family, _, own = name.partition(".")
            if not scopes().call(family, own):
                raise errors.denied("gateway", name, "the access token has no scope for it")
            return await self.local.call(ctx, name, arguments)
        tool = self._catalogue.get(name, view)
        if tool is None:
            return await self._queued(ctx, view, name, arguments)
        if (problem := self._problem(tool, arguments)) is not None:
            self._metrics.tool(tool.device, tool.definition.name).count("bad_arguments")
            return errors.tool_error(problem)
        await self._allowed(tool)
        if taskmethods.declared(ctx) and (same := self._waited(tool, ctx)) is not None:
            return taskmethods.described(same)
        with Withdrawal() as call:
            self._under_way.add(call)
            try:
                return await self._measured(tool, arguments, ctx)
            finally:
                self._under_way.discard(call)
        raise errors.stopping(tool.device, tool.exposed)

    async def _allowed(self, tool: Tool) -> None:
        """The guard of every call. Raises MCPError when the caller's token or the policy denies it."""
        if not scopes().call(tool.device, tool.definition.name):
            self._metrics.tool(tool.device, tool.definition.name).count("denied")
            raise errors.denied(tool.device, tool.exposed, "the access token has no scope for it")
        if self._rules is None:
            return
        device = self._fleet.get(tool.device)
        board = device.board if device is not None else ""
        if (denial := await self._rules.call(tool.device, board or "", tool.definition.name, entity())) is not None:
            self._metrics.tool(tool.device, tool.definition.name).count("denied")
            raise errors.denied(tool.device, tool.exposed, denial)

    def _waited(self, tool: Tool, ctx: Context) -> Task | None:
        """The task that this call became when its device was away, by its key."""
        key = ((ctx.params or {}).get("_meta") or {}).get(offline.KEY)
        return self._tasks.same(f"{tool.device}.{tool.definition.name}", owner(ctx), key)

    async def _queued(self, ctx: Context, view: View, exposed: str, arguments: Json) -> Json:
        """A call to a device that is away becomes a task, for a client that takes tasks. Raises MCPError."""
        device, own = view.tools.own(exposed) or ("", exposed)
        name, known = f"{device}.{own}", self._fleet.get(device)
        found = (
            offline.definition(known, own, self._catalogue.max_tools) if known is not None and taskmethods.declared(ctx) else None
        )
        if found is None:
            self._metrics.unknown.inc()
            raise errors.offline(device, exposed) if known is not None and not known.online else errors.unknown_tool(exposed)
        tool = Tool(device, name, found)
        if (problem := self._problem(tool, arguments)) is not None:
            return errors.tool_error(problem)
        await self._allowed(tool)
        question = Question(device, name, "tools/call", {"name": own, "arguments": arguments}, found.asks)
        idempotent = found.entry.get("annotations", {}).get("idempotentHint") is True
        try:
            wish = offline.Wish.of((ctx.params or {}).get("_meta") or {})
            asked = {**question.params, **self._asker.meta(question, ctx)}
            return taskmethods.described(await self._tasks.queue(question, asked, owner(ctx), wish, idempotent))
        except ValueError as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None
        except TooManyTasks:
            raise errors.busy(device, name) from None

    def _problem(self, tool: Tool, arguments: Json) -> str | None:
        device = self._fleet.get(tool.device)
        # Each value takes a byte at least. Seen first, because the schema would be held against each of them.
        if device is not None and amount(arguments) > device.max_total:
            return f"arguments: more values than fit the {device.max_total} bytes that device {device.id} takes"
        if found := unsendable(arguments):
            where, what = found
            return f"argument {errors.shorten(where)} {what}"
        return tool.definition.check(arguments)

    async def _measured(self, tool: Tool, arguments: Json, ctx: Context) -> Json:
        outcome, start = "error", time.perf_counter()
        try:
            result = await self._ask(tool, arguments, ctx)
            outcome = "tool_error" if result.get("isError") else "ok"
            return result
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except MCPError as error:
            outcome = errors.OUTCOMES.get(error.code, "error")
            log.info("call of %s failed: %s", tool.exposed, error.error.message)
            raise
        finally:
            self._metrics.tool(tool.device, tool.definition.name).count(outcome)
            self._metrics.call_seconds.observe(time.perf_counter() - start)

    async def _ask(self, tool: Tool, arguments: Json, ctx: Context) -> Json:
        definition, tasks = tool.definition, taskmethods.declared(ctx)
        if definition.tasks == "required" and not tasks and ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            raise taskmethods.required()
        asked = {"name": definition.name, "arguments": arguments}
        question = Question(tool.device, tool.exposed, "tools/call", asked, definition.asks)
        try:
            result = await self._asker.ask(question, ctx, tasks)
        except WireError as error:
            return errors.tool_error(f"the arguments cannot be sent to a device: {error}")
        if result.get("resultType") == "task":
            return await self._task(question, ctx, result)
        if result.get("resultType") == "input_required":
            return result
        return renamed(_usable(result, tool.device, tool.exposed, ctx.protocol_version), views.of(ctx), tool.device)

    async def _task(self, question: Question, ctx: Context, result: Json) -> Json:
        # Answers are for this round; the state says what the device made of them.
        told = {name: value for name, value in rounds(ctx).items() if name == "requestState"}
        asked = {**question.params, **told, **self._asker.meta(question, ctx)}
        try:
            return taskmethods.described(await self._tasks.begin(question, asked, owner(ctx), result))
        except TooManyTasks:
            raise errors.busy(question.device, question.label) from None


def finished(result: Json, device: str, label: str) -> Json:
    """The last answer of a task's device, as tasks/get tells it. Raises MCPError for one that is not a result."""
    return _usable(result, device, label, LATEST_MODERN_VERSION)


def _usable(result: Json, device: str, label: str, version: str) -> Json:
    """The device's result as a client of this protocol revision can take it; raises MCPError for one that is not a result."""
    if version not in MODERN_PROTOCOL_VERSIONS and not isinstance(result.get("structuredContent"), dict):
        result = {key: value for key, value in result.items() if key != "structuredContent"}
    result = {**finite(result), "resultType": "complete"}
    try:
        # The SDK's own check before sending accepts any object as some kind of result.
        CallToolResult.model_validate(result, by_name=False)
        if not typed(result.get("content", ())):
            raise ValueError("content without a type")
    except ValueError as error:
        log.warning("device %s answered %s with something that is no result: %s", device, label, error)
        raise errors.bad_answer(device, label) from error
    return result
