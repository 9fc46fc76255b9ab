# SPDX-License-Identifier: Apache-2.0
"""Who listens to which view: `subscriptions/listen` streams of 2026-07-28, and sessions of older clients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import PromptsListChanged, ResourcesListChanged, ResourceUpdated, ServerEvent, ToolsListChanged
from mcp_types import (
    INVALID_PARAMS,
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from motet.gateway import taskmethods, views
from motet.gateway.callers import owner
from motet.gateway.listening import Stream, TaskChanged, task_ids
from motet.gateway.sessions import Sessions
from motet.gateway.shedding import visit_of
from motet.gateway.tasktable import Task
from motet.gateway.views import View
from motet.wire import Json

Context = ServerRequestContext[Any, Any]

# Resources in one subscription; each may be asked for again and again.
MOST_URIS = 64
EVENTS: dict[str, ServerEvent] = {
    "tools": ToolsListChanged(),
    "resources": ResourcesListChanged(),
    "prompts": PromptsListChanged(),
}
# The task of this id when it is this owner's.
FindTask = Callable[[str, str], Task | None]
# Raises MCPError when the caller may not read this resource of this device.
MayRead = Callable[[str, str], Awaitable[None]]


def _no_task(_id: str, _owner: str) -> None:
    return None


async def _anything(_device: str, _uri: str) -> None: ...


class Hub:
    """All listeners. `watched` counts the resources that anybody wants to hear of, by view and URI."""

    def __init__(
        self, watch: Callable[[], None] = lambda: None, find_task: FindTask = _no_task, may_read: MayRead = _anything
    ) -> None:
        self.sessions = Sessions()
        self.watched: Counter[tuple[View, str]] = Counter()
        self._watch, self._find_task, self._may_read = watch, find_task, may_read
        self._streams: set[Stream] = set()

    async def listen(self, ctx: Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """The `subscriptions/listen` handler. Raises MCPError."""
        view, wanted = views.of(ctx), params.notifications
        uris = wanted.resource_subscriptions or []
        if len(uris) > MOST_URIS:
            raise MCPError(INVALID_PARAMS, f"{len(uris)} resources in one subscription, at most {MOST_URIS}")
        # Refused before it counts as one of them.
        keys = [await self._readable(view, str(uri)) for uri in uris]
        stream = self._stream(ctx, view, params)
        if (visit := visit_of(ctx)) is not None:
            visit.listen()
        self._streams.add(stream)
        self.watch(keys)
        try:
            return await stream.serve(ctx)
        finally:
            self.unwatch(keys)
            self._streams.discard(stream)

    def _stream(self, ctx: Context, view: View, params: SubscriptionsListenRequestParams) -> Stream:
        wanted = task_ids(params.notifications)
        if wanted and not taskmethods.declared(ctx):
            raise taskmethods.required()
        whose = owner(ctx) if wanted else ""

        def state(task_id: str) -> Json | None:
            task = self._find_task(task_id, whose)
            return None if task is None else taskmethods.detailed(task, view)

        # Those of others are not agreed to, as if they did not exist.
        return Stream(view, params.notifications, [one for one in wanted if self._find_task(one, whose)], state)

    def __len__(self) -> int:
        return len(self._streams)

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
        key = await self._readable(self._view(ctx), str(params.uri))
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
        held, key = self.sessions.uris(ctx.session._connection), (self._view(ctx), str(params.uri))
        if key[1] in held:
            held.discard(key[1])
            self.unwatch([key])
        return EmptyResult()

    async def _readable(self, view: View, uri: str) -> tuple[View, str]:
        """The resource as it is watched; MCPError when the caller may not read it."""
        found = view.uris.own(uri)
        if found is not None:
            await self._may_read(found[0], uri)
        return view, uri

    def _view(self, ctx: Context) -> View:
        # A session is told of one view, whichever its later requests name.
        return self.sessions.view(ctx.session._connection, views.of(ctx))

    def opened(self, ctx: Context) -> None:
        """A session of an older client is ready to be told things, until its connection closes."""
        # The SDK gives handlers no public way to the connection that outlives their request.
        connection, view = ctx.session._connection, views.of(ctx)
        if self.sessions.add(connection, view):
            connection.exit_stack.callback(lambda: self.unwatch((view, uri) for uri in self.sessions.discard(connection)))

    def close(self) -> None:
        """End every stream."""
        for stream in tuple(self._streams):
            stream.close()

    def changed(self, what: str, concerns: Callable[[View], bool]) -> None:
        """Tell those whose view it `concerns` that a list ("tools", "resources", "prompts") is another now."""
        self.sessions.announce(what, concerns)
        for stream in self._streams:
            if concerns(stream.view):
                stream.tell(EVENTS[what])

    def updated(self, view: View, uri: str) -> None:
        """Tell those who wait for it that the content of a resource is another now."""
        self.sessions.updated(view, uri)
        for stream in self._streams:
            if stream.view == view:
                stream.tell(ResourceUpdated(uri))

    def task_changed(self, task: Task) -> None:
        """Tell those who asked for it that the task is in another state."""
        for stream in self._streams:
            stream.tell(TaskChanged(task.id))
