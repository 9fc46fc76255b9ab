# SPDX-License-Identifier: Apache-2.0
"""`fleet.search`, `fleet.describe`, `fleet.call`: three tools in the place of thousands, which would fit no context."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from mcp_types import CallToolRequestParams

from motet.fleet import Fleet
from motet.gateway import errors, views
from motet.gateway.callers import scopes
from motet.gateway.catalogue import Catalogue
from motet.gateway.describe import describe
from motet.gateway.local import Context, LocalTools
from motet.gateway.scopes import Scopes
from motet.gateway.search import Allowed, kinds, search
from motet.gateway.views import View
from motet.wire import Json

MOST_MATCHES = 50
_NAME = {"type": "string", "minLength": 1, "maxLength": 128}
_SEARCH = {
    "name": "fleet.search",
    "title": "Search the fleet",
    "description": "Finds tools of the devices behind this gateway by words: what they do, device names, boards."
    " Equal devices are one match with their number and some of their names; any of them takes the call."
    " Without words it lists what there is.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "query": {"type": "string", "maxLength": 200, "description": "Words, such as: temperature pump"},
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST_MATCHES, "description": "Matches at most (10)"},
        },
        "additionalProperties": False,
    },
    "annotations": {"readOnlyHint": True, "openWorldHint": False},
}
_DESCRIBE = {
    "name": "fleet.describe",
    "title": "Describe a tool or a device",
    "description": "What a tool (<device>.<tool>) takes and gives, or what a device (<device>) is and which tools it has.",
    "inputSchema": {"type": "object", "properties": {"name": _NAME}, "required": ["name"], "additionalProperties": False},
    "annotations": {"readOnlyHint": True, "openWorldHint": False},
}
_CALL = {
    "name": "fleet.call",
    "title": "Call a tool of the fleet",
    "description": "Calls a tool (<device>.<tool>) with its arguments, as fleet.describe tells them. The result is its own.",
    "inputSchema": {
        "type": "object",
        "properties": {"tool": _NAME, "arguments": {"type": "object"}},
        "required": ["tool"],
        "additionalProperties": False,
    },
}
Call = Callable[[Context, CallToolRequestParams], Awaitable[Json]]


class FleetTools:
    """`call`: what each tools/call goes through, so that policies, schemas, limits and progress hold here, too."""

    def __init__(self, fleet: Fleet, catalogue: Catalogue, call: Call) -> None:
        self._fleet, self._catalogue, self._call = fleet, catalogue, call

    def register(self, tools: LocalTools) -> None:
        """Adds the three."""
        tools.add(_SEARCH, self._search)
        tools.add(_DESCRIBE, self._describe)
        tools.add(_CALL, self._pass_on)

    async def _search(self, ctx: Context, arguments: Json) -> Json:
        view, may = views.of(ctx), scopes()
        listings = ((device, self._catalogue.listing(device.id)) for device in self._fleet.devices() if view.shows(device.id))
        shown = ((device, listing) for device, listing in listings if listing is not None)
        found = await kinds(shown, self._allowed(view, may))
        matches = await search(found, arguments.get("query", ""), arguments.get("limit", 10), view.tools.exposed)
        return _result({"matches": matches, "tools": sum(len(kind.tools) * len(kind.devices) for kind in found)})

    def _allowed(self, view: View, scopes: Scopes) -> Allowed:
        """What a caller with these scopes is told of in a view."""
        if view.whole and scopes.all_calls:
            return lambda _device, listing: listing.every
        offering = self._catalogue.offering
        return lambda device, _listing: tuple(tool for tool in offering(device, view) if scopes.call(device, tool.name))

    async def _describe(self, ctx: Context, arguments: Json) -> Json:
        name, view = arguments["name"], views.of(ctx)
        tool, device = self._catalogue.get(name, view), self._fleet.get(name)
        if tool is not None and scopes().call(tool.device, tool.definition.name):
            return _result({"tool": tool.entry(True)})
        if device is None or not view.shows(device.id) or not view.whole or not scopes().read(device.id):
            return errors.tool_error(f"there is no tool or device {errors.shorten(name)}; fleet.search finds what there is")
        return _result({"device": describe(device)})

    async def _pass_on(self, ctx: Context, arguments: Json) -> Json:
        tool = arguments["tool"]
        if self._catalogue.get(tool, views.of(ctx)) is None:
            return errors.tool_error(f"there is no tool {errors.shorten(tool)} at present; fleet.search finds what there is")
        return await self._call(ctx, CallToolRequestParams(name=tool, arguments=arguments.get("arguments", {})))


def _result(value: Json) -> Json:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return {"resultType": "complete", "content": [{"type": "text", "text": text}], "structuredContent": value, "isError": False}
