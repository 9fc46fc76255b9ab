# SPDX-License-Identifier: Apache-2.0
"""Who listens to which view: `subscriptions/listen` streams of 2026-07-28, and sessions of older clients."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from motet.gateway import views
from motet.gateway.callers import scopes
from motet.gateway.errors import denied
from motet.gateway.sessions import Sessions
from motet.gateway.shedding import visit_of
from motet.gateway.views import FLEET, View

Context = ServerRequestContext[Any, Any]

# Resources in one subscription; each may be asked for again and again.
MOST_URIS = 64
EVENTS: dict[str, Callable[[], ServerEvent]] = {
    "tools": ToolsListChanged,
    "resources": ResourcesListChanged,
    "prompts": PromptsListChanged,
}


class _Listeners:
    """One view's streams."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        # How many there may be is a matter of `limits`.
        self.handler = ListenHandler(self.bus, max_subscriptions=sys.maxsize)
        self.open = 0


class Hub:
    """All listeners. `watched` counts the resources that anybody wants to hear of, by view and URI."""

    def __init__(self, watch: Callable[[], None] = lambda: None) -> None:
        self.sessions = Sessions()
        self.watched: Counter[tuple[View, str]] = Counter()
        self._watch = watch
        self._views: dict[View, _Listeners] = {}

    async def listen(self, ctx: Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """The `subscriptions/listen` handler. Raises MCPError."""
        view = views.of(ctx)
        uris = params.notifications.resource_subscriptions or []
        if len(uris) > MOST_URIS:
            raise MCPError(INVALID_PARAMS, f"{len(uris)} resources in one subscription, at most {MOST_URIS}")
        # Refused before it counts as one of them.
        keys = [_readable(view, str(uri)) for uri in uris]
        if (visit := visit_of(ctx)) is not None:
            visit.listen()
        one = self._views.setdefault(view, _Listeners())
        one.open += 1
        self.watch(keys)
        try:
            return await one.handler(ctx, params)
        finally:
            self.unwatch(keys)
            one.open -= 1
            if not one.open:
                del self._views[view]

    def watch(self, keys: Iterable[tuple[View, str]]) -> None:
        """Somebody wants to hear of these resources."""
        self.watched.update(keys)
        self._watch()

    def unwatch(self, keys: Iterable[tuple[View, str]]) -> None:
        """And no more."""
        for key in keys:
            self.watched[key] -= 1
            if self.watched[key] <= 0:
                del self.watched[key]

    async def subscribe(self, ctx: Context, params: SubscribeRequestParams) -> EmptyResult:
        """The `resources/subscribe` handler of older revisions. Raises MCPError."""
        key = _readable(views.of(ctx), str(params.uri))
        # One that never said that it is ready: what it wants is forgotten with its connection, too.
        self.opened(ctx)
        held = self.sessions.uris(ctx.session._connection)
        if len(held) >= MOST_URIS:
            raise MCPError(INVALID_PARAMS, f"subscribed to {len(held)} resources already, at most {MOST_URIS}")
        if key[1] not in held:
            held.add(key[1])
            self.watch([key])
        return EmptyResult()

    async def unsubscribe(self, ctx: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """The `resources/unsubscribe` handler of older revisions."""
        held, key = self.sessions.uris(ctx.session._connection), (views.of(ctx), str(params.uri))
        if key[1] in held:
            held.discard(key[1])
            self.unwatch([key])
        return EmptyResult()

    def opened(self, ctx: Context) -> None:
        """A session of an older client is ready to be told things, until its connection closes."""
        # The SDK gives handlers no public way to the connection that outlives their request.
        connection, view = ctx.session._connection, views.of(ctx)
        if self.sessions.add(connection, view):
            connection.exit_stack.callback(lambda: self.unwatch((view, uri) for uri in self.sessions.discard(connection)))

    def close(self) -> None:
        """End every stream."""
        for one in tuple(self._views.values()):
            one.handler.close()

    async def changed(self, what: str, devices: set[str], whole: bool = True) -> None:
        """Tell those who see any of `devices` that a list ("tools", "resources", "prompts") is another now; those who see the
        `whole` fleet only when its list is another, too."""
        self.sessions.announce(what, devices, whole)
        for view, one in tuple(self._views.items()):
            if whole if view == FLEET else view.device in devices:
                await one.bus.publish(EVENTS[what]())

    async def updated(self, view: View, uri: str) -> None:
        """Tell those who wait for it that the content of a resource is another now."""
        self.sessions.updated(view, uri)
        if view in self._views:
            await self._views[view].bus.publish(ResourceUpdated(uri))


def _readable(view: View, uri: str) -> tuple[View, str]:
    """The resource as it is watched; MCPError when the caller's token has no scope for its device."""
    found = view.own_uri(uri)
    if found is not None and not scopes().read(found[0]):
        raise denied(found[0], uri, "the access token has no scope for it")
    return view, uri
