# SPDX-License-Identifier: Apache-2.0
"""Tools of the gateway itself, in the views that have them. They stand before a device's tools of the same names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp.server.context import ServerRequestContext

from motet.gateway import errors
from motet.gateway.definitions import Definition, Definitions
from motet.gateway.views import View
from motet.wire import Json

Context = ServerRequestContext[Any, Any]
Handler = Callable[[Context, Json], Awaitable[Json]]


class LocalTools:
    """`add` each with its tools/list entry; a call's arguments are held against its schema first."""

    def __init__(self) -> None:
        self._definitions: dict[str, Definition] = {}
        self._handlers: dict[str, Handler] = {}
        self._always: set[str] = set()

    def add(self, entry: Mapping[str, Any], handler: Handler, always: bool = False) -> None:
        """`always`: told to clients also where the tools of all devices are. Raises ValueError for an entry that clients would
        refuse."""
        made = Definitions([entry], 1)
        if made.left_out:
            raise ValueError(f"{entry.get('name')}: {made.left_out[0].reason}")
        for name, definition in made.tools.items():
            self._definitions[name], self._handlers[name] = definition, handler
            if always:
                self._always.add(name)

    def has(self, name: str, view: View) -> bool:
        """Whether this is one of them, in this view."""
        return name in self._handlers and view.has_own(name)

    def entries(self, modern: bool, view: View, always: bool = False) -> list[Json]:
        """All that are in this view for tools/list, or those that are `always` told, for clients of this era."""
        names = sorted(filter(view.has_own, self._always if always else self._definitions))
        found = (one.entry if modern else one.legacy for one in map(self._definitions.__getitem__, names))
        return [entry for entry in found if entry is not None]

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """Of one of them, else None."""
        definition = self._definitions.get(name)
        return None if definition is None else definition.entry["inputSchema"]

    async def call(self, ctx: Context, name: str, arguments: Json) -> Json:
        """The result of tools/call. Raises MCPError where the handler does."""
        problem = self._definitions[name].check(arguments)
        return errors.tool_error(problem) if problem is not None else await self._handlers[name](ctx, arguments)
