# SPDX-License-Identifier: Apache-2.0
"""A client's request carried to a device: its turn, its time, what the device says meanwhile and what it wants to know."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from motet.fleet import Fleet, Log, Progress
from motet.fleet.errors import BAD_ANSWER
from motet.gateway import errors, inputs
from motet.gateway.buckets import Buckets
from motet.gateway.levels import Levels
from motet.gateway.options import Options
from motet.gateway.turns import Turns
from motet.wire import Json, WireError

Context = ServerRequestContext[Any, Any]

# W3C trace context: longer than any version of it so far.
_TRACEPARENT = 64
_LEVEL = "io.modelcontextprotocol/logLevel"
_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
LEAST_POLL_MS, MOST_POLL_MS, POLL_MS = 20, 60_000, 500
# Rounds of questions in one request of an older client.
MOST_ROUNDS = 16


@dataclass(frozen=True, slots=True)
class Question:
    """A request to a device. `label` is what the client calls it, `asks` whether it may want something of the client."""

    device: str
    label: str
    method: str
    params: Json
    asks: bool = False


class Asker:
    """Asks devices of `fleet`."""

    def __init__(self, fleet: Fleet, options: Options) -> None:
        self._fleet, self._timeout_s, self._input_s = fleet, options.call_timeout_s, options.input_timeout_s
        limits = options.limits
        rates = Buckets(limits.device_per_s, limits.device_burst, limits.devices)
        self._turns = Turns(options.calls_at_once, options.calls_waiting, rates)
        self.levels = Levels()

    async def ask(self, question: Question, ctx: Context, tasks: bool = False) -> Json:
        """The device's answer: complete or, for a client of 2026-07-28, "input_required"; with `tasks` also "task".

        Raises MCPError, and WireError for params that cannot be sent.
        """
        told = {**question.params, **rounds(ctx), **self.meta(question, ctx)}
        progress, log = self._progress(ctx), self._log(ctx)
        patience = asyncio.get_running_loop().time() + self._timeout_s
        asked = 0
        while asked < MOST_ROUNDS:
            result = await self.once(question, told, None, progress, log)
            if result.get("resultType") == "task" and not tasks:
                told = await self._later(question, told, result, patience)
                continue
            if result.get("resultType") != "input_required":
                return result
            asked += 1
            requests = inputs.wanted(result, question.device, question.label)
            inputs.check_declared(ctx, requests, question.label)
            if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
                return result
            answers = await inputs.ask_client(ctx, requests, self._input_s)
            told = {**told, "inputResponses": answers, "requestState": result.get("requestState")}
            told = {name: value for name, value in told.items() if value is not None}
        raise errors.too_many_rounds(question.device, question.label)

    async def _later(self, question: Question, told: Json, result: Json, patience: float) -> Json:
        """What to ask with next, when it is time to: for a client that cannot be given a task. Raises MCPError."""
        state, after_ms = next_poll(result)
        if asyncio.get_running_loop().time() + after_ms / 1000 > patience:
            raise errors.too_slow(question.device, question.label)
        await asyncio.sleep(after_ms / 1000)
        return {**{name: value for name, value in told.items() if name != "inputResponses"}, "requestState": state}

    async def once(
        self,
        question: Question,
        params: Json,
        timeout_s: float | None = None,
        progress: Progress | None = None,
        log: Log | None = None,
    ) -> Json:
        """One request and its answer, whatever kind it is. Raises MCPError, and WireError for what cannot be sent."""
        try:
            loop = asyncio.get_running_loop()
            deadline = loop.time() + (self._timeout_s if timeout_s is None else timeout_s)
            async with self._turns.turn(question.device, deadline):
                more = {} if log is None else {"log": log}
                return await self._fleet.call(question.device, question.method, params, deadline - loop.time(), progress, **more)
        except WireError:
            raise
        except Exception as error:
            raise errors.from_fleet(error, question.device, question.label) from error

    def reachable(self, device: str) -> bool:
        """Whether the device is there to be asked."""
        known = self._fleet.get(device)
        return known is not None and known.online and self._fleet.unavailable is None

    def meta(self, question: Question, ctx: Context) -> Json:
        """What of a request's `_meta` travels to the device: the rest is between client and gateway, and bytes on the wire."""
        given = (ctx.params or {}).get("_meta") or {}
        told: Json = {}
        trace = given.get("traceparent")
        if isinstance(trace, str) and len(trace) <= _TRACEPARENT:
            told["traceparent"] = trace
        if (level := self.levels.of(ctx)) is not None:
            told[_LEVEL] = level
        if question.asks and (able := inputs.capabilities(ctx)):
            told[_CAPABILITIES] = able
        return {"_meta": told} if told else {}

    def _progress(self, ctx: Context) -> Progress | None:
        wanted = "progressToken" in ((ctx.params or {}).get("_meta") or {})
        return ctx.session.report_progress if wanted else None

    def _log(self, ctx: Context) -> Log | None:
        level = self.levels.of(ctx)
        if level is None:
            return None

        async def log(said: str, data: Any) -> None:
            if self.levels.passes(said, level):
                line = types.LoggingMessageNotificationParams(level=said, data=data, logger="device")  # type: ignore[arg-type]
                await ctx.session.send_notification(types.LoggingMessageNotification(params=line), ctx.request_id)

        return log


def rounds(ctx: Context) -> Json:
    """What a client's request carries on from the one before."""
    given: Mapping[str, Any] = ctx.params or {}
    return {name: given[name] for name in ("inputResponses", "requestState") if given.get(name) is not None}


def next_poll(answer: Json) -> tuple[str, int]:
    """State and milliseconds to the next question in a device's "task". Raises MCPError for an answer without them."""
    state, after = answer.get("requestState"), answer.get("pollIntervalMs", POLL_MS)
    if not isinstance(state, str) or not isinstance(after, int | float) or isinstance(after, bool):
        raise MCPError(BAD_ANSWER, "the device took the call as a task, but told no state to ask with")
    return state, int(min(max(after, LEAST_POLL_MS), MOST_POLL_MS))
