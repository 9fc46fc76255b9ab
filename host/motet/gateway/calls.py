# SPDX-License-Identifier: Apache-2.0
"""tools/call: find the tool, check the arguments, ask its device, hand the answer back."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams, CallToolResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from motet.fleet import Fleet
from motet.gateway import errors
from motet.gateway.catalogue import Catalogue, Tool
from motet.gateway.options import Options
from motet.gateway.rules import Rules
from motet.gateway.turns import Turns
from motet.gateway.values import amount, finite, unsendable
from motet.observe import Metrics
from motet.wire import Json, WireError

log = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]

# W3C trace context: longer than any version of it so far.
_TRACEPARENT = 64


class Calls:
    """The `tools/call` handler of the MCP server."""

    def __init__(
        self, fleet: Fleet, catalogue: Catalogue, metrics: Metrics, options: Options, rules: Rules | None = None
    ) -> None:
        self._fleet, self._catalogue, self._metrics, self._rules = fleet, catalogue, metrics, rules
        self._timeout_s = options.call_timeout_s
        self._turns = Turns(options.calls_at_once, options.calls_waiting)
        self._under_way: set[anyio.CancelScope] = set()

    def stop(self) -> None:
        """Withdraw every call under way; each is answered with an error that says so."""
        for call in tuple(self._under_way):
            call.cancel()

    async def __call__(self, ctx: Context, params: CallToolRequestParams) -> Json:
        """Raises MCPError; see `errors`."""
        tool = self._catalogue.get(params.name)
        if tool is None:
            self._metrics.unknown.inc()
            raise self._missing(params.name)
        arguments = params.arguments or {}
        if (problem := self._problem(tool, arguments)) is not None:
            self._metrics.tool(tool.device, tool.definition.name).count("bad_arguments")
            return errors.tool_error(problem)
        await self._allowed(tool)
        with anyio.CancelScope() as call:
            self._under_way.add(call)
            try:
                return await self._measured(tool, arguments, ctx)
            finally:
                self._under_way.discard(call)
        raise errors.stopping(tool.device, tool.exposed)

    async def _allowed(self, tool: Tool) -> None:
        """The guard of every call. Raises MCPError when the policy denies it."""
        if self._rules is None:
            return
        device = self._fleet.get(tool.device)
        board = device.board if device is not None else ""
        if (denial := await self._rules.call(tool.device, board or "", tool.definition.name)) is not None:
            self._metrics.tool(tool.device, tool.definition.name).count("denied")
            raise errors.denied(tool.device, tool.exposed, denial)

    def _missing(self, name: str) -> MCPError:
        device = self._fleet.get(name.partition(".")[0])
        if device is not None and not device.online:
            return errors.offline(device.id, name)
        return errors.unknown_tool(name)

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
        request: Json = {"name": tool.definition.name, "arguments": arguments}
        meta = (ctx.params or {}).get("_meta") or {}
        progress = ctx.session.report_progress if "progressToken" in meta else None
        # For the device's log; the rest of _meta is between client and gateway, and bytes on the wire.
        trace = meta.get("traceparent")
        if isinstance(trace, str) and len(trace) <= _TRACEPARENT:
            request["_meta"] = {"traceparent": trace}
        try:
            loop = asyncio.get_running_loop()
            deadline = loop.time() + self._timeout_s
            async with self._turns.turn(tool.device, deadline):
                result = await self._fleet.call(tool.device, "tools/call", request, deadline - loop.time(), progress)
        except WireError as error:
            return errors.tool_error(f"the arguments cannot be sent to a device: {error}")
        except Exception as error:
            raise errors.from_fleet(error, tool.device, tool.exposed) from error
        return _usable(result, tool, ctx.protocol_version)


def _usable(result: Json, tool: Tool, version: str) -> Json:
    """The device's result as a client of this protocol revision can take it; raises MCPError for one that is not a result."""
    if version not in MODERN_PROTOCOL_VERSIONS and not isinstance(result.get("structuredContent"), dict):
        result = {key: value for key, value in result.items() if key != "structuredContent"}
    result = {**finite(result), "resultType": "complete"}
    try:
        # The SDK's own check before sending accepts any object as some kind of result.
        CallToolResult.model_validate(result, by_name=False)
    except ValidationError as error:
        log.warning("device %s answered %s with something that is no result: %s", tool.device, tool.definition.name, error)
        raise errors.bad_answer(tool.device, tool.exposed) from error
    return result
