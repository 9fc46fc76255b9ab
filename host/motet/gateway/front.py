# SPDX-License-Identifier: Apache-2.0
"""The MCP server: the SDK's low-level `Server` with this fleet's handlers. Transport-independent."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, NotificationParams, PaginatedRequestParams
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from motet.fleet import Device, Event, Fleet
from motet.gateway.announce import Announcer, Sessions, running
from motet.gateway.calls import Calls
from motet.gateway.catalogue import BadCursor, Catalogue
from motet.gateway.options import Options
from motet.gateway.rules import Rules
from motet.observe import Metrics
from motet.wire import Json

Context = ServerRequestContext[Any, Any]

_INSTRUCTIONS = "Tools of the devices behind this gateway, named <device>.<tool>. Devices come and go; so do their tools."


class _Server(Server[Any]):
    """Tells older clients, too, that the list of tools changes: the SDK asks nobody for these options over HTTP."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        options = notification_options or NotificationOptions(tools_changed=True)
        return super().create_initialization_options(options, experimental_capabilities, extensions)


class Front:
    """MCP server and what belongs to it: catalogue, announcements, calls."""

    def __init__(self, fleet: Fleet, metrics: Metrics, options: Options, rules: Rules | None = None) -> None:
        self._fleet = fleet
        self.catalogue = Catalogue(options.page_size, options.max_tools_per_device)
        self.sessions = Sessions()
        bus = InMemorySubscriptionBus()
        self.announcer = Announcer(bus, self.sessions, self.catalogue.fingerprint)
        self.listeners = ListenHandler(bus, max_subscriptions=options.max_listeners)
        self.server: Server[Any] = _Server(
            options.name,
            version=options.version,
            instructions=_INSTRUCTIONS,
            cache_hints={"server/discover": CacheHint(ttl_ms=60_000, scope="private")},
            # Without it the SDK would run the whole tools/list for each call to find the schema.
            get_tool_input_schema=self.catalogue.input_schema,
            on_subscriptions_listen=self.listeners,
        )
        self.calls = Calls(fleet, self.catalogue, metrics, options, rules)
        self.server.add_request_handler("tools/list", PaginatedRequestParams, self._list_tools)
        self.server.add_request_handler("tools/call", CallToolRequestParams, self.calls)
        self.server.add_notification_handler("notifications/initialized", NotificationParams, self._initialized)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the fleet and tell clients what changes, inside the block."""
        stop_following = self._fleet.add_listener(self._happened)
        try:
            for device in self._fleet.devices():
                self._follow(device)
            async with running(self.announcer):
                yield
        finally:
            stop_following()

    def _happened(self, event: Event) -> None:
        if event.kind == "removed":
            self.catalogue.forget(event.device.id)
        elif event.kind != "message":
            self._follow(event.device)

    def _follow(self, device: Device) -> None:
        if device.online:
            self.catalogue.show(device)
        else:
            self.catalogue.hide(device.id)
        self.announcer.changed()

    async def _list_tools(self, ctx: Context, params: PaginatedRequestParams) -> Json:
        try:
            tools, cursor = self.catalogue.page(params.cursor, ctx.protocol_version in MODERN_PROTOCOL_VERSIONS)
        except BadCursor as error:
            raise MCPError(INVALID_PARAMS, str(error)) from error
        # Never fresh in a cache: devices come and go, and an answer costs little. Private: authorization may narrow it.
        result: Json = {"resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "private"}
        return result if cursor is None else {**result, "nextCursor": cursor}

    async def _initialized(self, ctx: Context, _params: NotificationParams) -> None:
        """A session of an older client is ready to be told things, until its connection closes."""
        # The SDK gives handlers no public way to the connection that outlives their request.
        connection = ctx.session._connection
        if self.sessions.add(connection):
            connection.exit_stack.callback(self.sessions.discard, connection)
