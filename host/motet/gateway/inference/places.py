# SPDX-License-Identifier: Apache-2.0
"""Where a model can run: devices that have it, and this gateway."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams

from motet.components.depot import Depot
from motet.components.errors import ComponentError
from motet.fleet import Fleet
from motet.gateway import views
from motet.gateway.callers import entity
from motet.gateway.fleettools import Call
from motet.gateway.local import Context
from motet.gateway.rules import DATA_CLASS, Rules
from motet.gateway.views import View
from motet.store import StoreError
from motet.wire import Json
from motet_core.errors import MotetError, Refused, ToolError
from motet_core.models import Models

PREDICT = "models.predict"
# Further devices that are tried for one call.
_OTHERS = 3
# Models that the gateway keeps ready.
_LOADED = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """A call of models.infer: `arguments` are those of models.predict, `device` the one that shall do it (empty: any)."""

    model: str
    arguments: Json
    device: str
    data_class: str


class NotHere(Exception):
    """This place cannot do it; the text says why. Another one may."""


class Place(Protocol):
    """Somewhere a model runs."""

    async def infer(self, ctx: Context, wish: Wish) -> tuple[str, Json]:
        """(where it ran, result of tools/call). Raises NotHere."""


def has_model(tools: Any, model: str) -> bool:
    """Whether the tools/list entries of a device say that it runs this model."""
    for tool in tools:
        if tool.get("name") == PREDICT:
            schema = tool.get("inputSchema", {}).get("properties", {}).get("model", {})
            return isinstance(schema, Mapping) and model in schema.get("enum", ())
    return False


class Devices:
    """`others`: those that were not asked for instead of the one that was. Each call passes the guard of tools/call."""

    def __init__(self, fleet: Fleet, call: Call, others: bool, rules: Rules | None = None) -> None:
        self._rules = rules
        self._fleet, self._call, self._others, self._turn = fleet, call, others, 0

    async def infer(self, ctx: Context, wish: Wish) -> tuple[str, Json]:
        reasons = []
        view = views.of(ctx)
        for device, name in self._able(wish, view):
            try:
                return f"device:{device}", await self._asked(ctx, device, name, wish)
            except NotHere as reason:
                reasons.append(str(reason))
        raise NotHere("; ".join(reasons) or ("no other device has it" if self._others else "the device does not have it"))

    async def _allowed(self, device: str, wish: Wish) -> None:
        # The guard of the call itself takes what it is about for internal, whatever the caller says.
        if self._rules is None or wish.data_class == DATA_CLASS:
            return
        known = self._fleet.get(device)
        board = known.board if known is not None else ""
        denial = await self._rules.call(device, board, PREDICT, entity(), wish.data_class)
        if denial is not None:
            raise NotHere(f"{device}: the policy denies it: {denial}")

    def _able(self, wish: Wish, view: View) -> list[tuple[str, str]]:
        """Devices that have the model and what their models.predict is called in the view; those without a name are not in it."""
        asked = self._fleet.get(wish.device) if wish.device else None
        there = [] if asked is None else [asked]
        if self._others:
            there = [one for one in self._fleet.devices() if one.id != wish.device]
        found = []
        for one in there:
            if one.online and view.shows(one.id) and has_model(one.tools, wish.model):
                with contextlib.suppress(ValueError):
                    found.append((one.id, view.tools.exposed(one.id, PREDICT)))
        if not self._others:
            return found
        # The next call begins with another one: equal work for equal devices.
        self._turn += 1
        start = self._turn % len(found) if found else 0
        return (found[start:] + found[:start])[:_OTHERS]

    async def _asked(self, ctx: Context, device: str, name: str, wish: Wish) -> Json:
        try:
            await self._allowed(device, wish)
            result = await self._call(ctx, CallToolRequestParams(name=name, arguments=wish.arguments))
        except MCPError as error:
            raise NotHere(f"{device}: {error.error.message}") from error
        if result.get("isError") and result.get("_meta", {}).get("motet/error") in (
            "failed",
            "busy",
            "out_of_fuel",
            "unavailable",
        ):
            raise NotHere(f"{device}: {result['content'][0]['text']}")
        # A wrong argument is wrong everywhere.
        return result


class Here:
    """The models whose packages this gateway keeps, in the engine of the devices: the same bytes come out."""

    def __init__(self, depot: Depot, rules: Rules | None) -> None:
        self._depot, self._rules = depot, rules
        self._loaded: OrderedDict[str, tuple[threading.Lock, Models]] = OrderedDict()
        # Calls run in threads.
        self._loading = threading.Lock()

    async def infer(self, ctx: Context, wish: Wish) -> tuple[str, Json]:
        if self._rules is not None:
            denial = await self._rules.call("gateway", "gateway", PREDICT, entity(), wish.data_class)
            if denial is not None:
                raise NotHere(f"the policy denies it: {denial}")
        try:
            return "gateway", await asyncio.to_thread(self._run, wish)
        except (StoreError, ComponentError, MotetError) as error:
            raise NotHere(str(error)) from error

    def _run(self, wish: Wish) -> Json:
        with self._loading:
            lock, models = self._ready(wish.model)
        with lock:
            try:
                value, text = models.call(PREDICT, wish.arguments)
            except ToolError as error:
                return {"resultType": "complete", "isError": True, "content": [{"type": "text", "text": str(error)}]}
        content = [{"type": "text", "text": str(text or value)}]
        return {"resultType": "complete", "isError": False, "content": content, "structuredContent": value}

    def _ready(self, name: str) -> tuple[threading.Lock, Models]:
        kept = self._depot.packages(name, "model")
        if not kept:
            raise Refused("the gateway keeps no package of it")
        digest = kept[0].digest
        if digest not in self._loaded:
            package = self._depot.package(digest)
            if package is None:
                raise Refused("its package is gone")
            models = Models()
            models.load(name, package.revision, package.content)
            self._loaded[digest] = threading.Lock(), models
            if len(self._loaded) > _LOADED:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(digest)
        return self._loaded[digest]
