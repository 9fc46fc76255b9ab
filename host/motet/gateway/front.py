# SPDX-License-Identifier: Apache-2.0
"""The MCP server: the SDK's low-level `Server` with this fleet's handlers. Transport-independent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CompleteRequestParams,
    GetPromptRequestParams,
    NotificationParams,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    SetLevelRequestParams,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from motet.fleet import Device, Event, Fleet
from motet.gateway import callers, views
from motet.gateway.announce import Announcer, Prints, running
from motet.gateway.asking import Asker
from motet.gateway.calls import Calls, finished
from motet.gateway.catalogue import BadCursor, Catalogue
from motet.gateway.contents import Contents
from motet.gateway.describe import describe
from motet.gateway.fastpath import FastPath
from motet.gateway.fleettools import FleetTools
from motet.gateway.hub import Hub
from motet.gateway.introduction import ViewServer
from motet.gateway.offered import Offered
from motet.gateway.options import Options
from motet.gateway.own import OwnResources
from motet.gateway.rules import Rules
from motet.gateway.shedding import Shedding
from motet.gateway.taskmethods import TaskMethods
from motet.gateway.tasks import Tasks
from motet.gateway.tasktable import TaskTable
from motet.gateway.views import VIEW, View, Views
from motet.gateway.watching import Watcher
from motet.observe import Metrics
from motet.wire import Json

Context = ServerRequestContext[Any, Any]


class Front:
    """MCP server and what belongs to it: catalogue, announcements, calls, tasks."""

    def __init__(
        self, fleet: Fleet, metrics: Metrics, options: Options, rules: Rules | None = None, table: TaskTable | None = None
    ) -> None:
        self._fleet, self.views = fleet, Views(options.groups, options.servers)
        self.catalogue = Catalogue(options.page_size, options.max_tools_per_device)
        self.max_body_bytes = options.max_body_bytes
        self.shedding = Shedding(options.limits, metrics, None if rules is None else rules.audit)
        asker, self._own = Asker(fleet, options), OwnResources(fleet, describe)
        self.offered = Offered(fleet, asker, self._own, options.page_size, rules)
        self.hub = Hub(self._watch, lambda task, owner: self.tasks.find(task, owner), self.offered.may_read)
        self.announcer = Announcer(self._tell, self._prints)
        self.contents = Contents(self.views, self.catalogue, self.offered, options.list_up_to)
        self.watcher = Watcher(fleet, self.hub, self._own, options.watch_interval_s, self.views)
        self.tasks = Tasks(asker, table or TaskTable(), finished, options.task_ttl_s, self.hub.task_changed)
        self.calls = Calls(fleet, self.catalogue, metrics, asker, self.tasks, rules)
        FleetTools(fleet, self.catalogue, self.calls).register(self.calls.local)
        boundary = RequestStateBoundary(_sealing(options), default_audience=options.name)
        self.server = self._made(options, asker, boundary)
        self.fast = FastPath(self.server, self.calls, self.catalogue, (self.shedding, boundary)) if options.fast_path else None

    @property
    def sessions(self) -> int:
        """Open sessions of clients from before 2026-07-28."""
        return len(self.hub.sessions)

    def _made(self, options: Options, asker: Asker, boundary: RequestStateBoundary) -> Server[Any]:
        server = ViewServer(
            options.name,
            self._has,
            version=options.version,
            cache_hints={"server/discover": CacheHint(ttl_ms=60_000, scope="private")},
            # Without it the SDK would run the whole tools/list for each call to find the schema.
            get_tool_input_schema=self._input_schema,
        )
        add, offered, hub = server.add_request_handler, self.offered, self.hub
        add("tools/list", PaginatedRequestParams, self._list_tools)
        add("tools/call", CallToolRequestParams, self.calls)
        add("resources/list", PaginatedRequestParams, offered.list_resources)
        add("resources/templates/list", PaginatedRequestParams, offered.list_templates)
        add("resources/read", ReadResourceRequestParams, offered.read)
        add("resources/subscribe", SubscribeRequestParams, hub.subscribe)
        add("resources/unsubscribe", UnsubscribeRequestParams, hub.unsubscribe)
        add("subscriptions/listen", SubscriptionsListenRequestParams, self._listen)
        add("prompts/list", PaginatedRequestParams, offered.list_prompts)
        add("prompts/get", GetPromptRequestParams, offered.get_prompt)
        add("completion/complete", CompleteRequestParams, offered.complete)
        add("logging/setLevel", SetLevelRequestParams, asker.levels.set)
        TaskMethods(self.tasks).register(server)
        server.add_notification_handler("notifications/initialized", NotificationParams, self._initialized)
        server.middleware.append(self.shedding)
        server.middleware.append(boundary)
        return server

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the fleet, tell clients what changes and go on with tasks, inside the block."""
        stop_following = self._fleet.add_listener(self._happened)
        watching = asyncio.create_task(self.watcher.run())
        try:
            for device in self._fleet.devices():
                self._follow(device)
            async with running(self.announcer), self.tasks.running(), self.shedding.running():
                yield
        finally:
            stop_following()
            watching.cancel()
            await asyncio.wait((watching,))

    def _happened(self, event: Event) -> None:
        if event.kind == "removed":
            self.catalogue.forget(event.device.id)
            self._own.forget(event.device.id)
        elif event.kind in ("message", "updated"):
            self.watcher.happened(event)
        else:
            self._follow(event.device)

    def _follow(self, device: Device) -> None:
        if device.online:
            self.catalogue.show(device)
            self.offered.show(device)
            self.tasks.arrived(device.id)
        else:
            self.catalogue.hide(device.id)
            self.offered.hide(device.id)
        self.announcer.changed(device.id)

    def _prints(self, device: str) -> Prints:
        resources, prompts = self.offered.fingerprint(device)
        return {"tools": self.catalogue.fingerprint(device), "resources": resources, "prompts": prompts}

    async def _tell(self, what: str, devices: set[str]) -> None:
        self.hub.changed(what, self.contents.changed(what, devices))

    def _has(self, view: View) -> Collection[str]:
        """Which capabilities a view has besides tools: a device's as they are, a server's as they were chosen."""
        there = view.device and self.catalogue.listing(view.device) is not None
        return self.offered.capabilities(view.device) if there else view.offers

    def _watch(self) -> None:
        self.watcher.wake()

    def _input_schema(self, name: str) -> Mapping[str, Any] | None:
        view = VIEW.get()
        return (
            self.calls.local.input_schema(name) if self.calls.local.has(name, view) else self.catalogue.input_schema(name, view)
        )

    async def _listen(self, ctx: Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        await self.announcer.flush()
        return await self.hub.listen(ctx, params)

    async def _list_tools(self, ctx: Context, params: PaginatedRequestParams) -> Json:
        await self.announcer.flush()
        modern, view = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS, views.of(ctx)
        try:
            if params.cursor is None and self.contents.too_long(view):
                tools, cursor = self.calls.local.entries(modern, view), None
            else:
                first = self.calls.local.entries(modern, view, always=view.whole) if params.cursor is None else []
                tools, cursor = self.catalogue.page(params.cursor, modern, view, callers.scopes().call)
                tools = first + tools
        except BadCursor as error:
            raise MCPError(INVALID_PARAMS, str(error)) from error
        # Never fresh in a cache: devices come and go, and an answer costs little. Private: authorization may narrow it.
        result: Json = {"resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "private"}
        return result if cursor is None else {**result, "nextCursor": cursor}

    async def _initialized(self, ctx: Context, _params: NotificationParams) -> None:
        self.hub.opened(ctx)


def _sealing(options: Options) -> RequestStateSecurity:
    keys = list(options.state_keys)
    ephemeral = RequestStateSecurity.ephemeral()
    return RequestStateSecurity(keys=keys or None, codec=None if keys else ephemeral.codec, bind_principal=callers.binding)
