# SPDX-License-Identifier: Apache-2.0
"""One `subscriptions/listen` stream (MCP 2026-07-28): what it wants to hear of, and what it has not been told yet.

Everything told is a level, not an edge ("this is another now"), so what happens twice before it is sent is sent once: what is
kept for a client that does not read has a bound, that of its own wishes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY, ResourceUpdated, ServerEvent, event_matches, event_to_notification
from mcp_types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    Notification,
    NotificationParams,
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenResult,
)
from pydantic import ConfigDict

from motet.gateway.views import View
from motet.wire import Json

Context = ServerRequestContext[Any, Any]
# Tasks in one subscription.
MOST_TASKS = 256


@dataclass(frozen=True, slots=True)
class TaskChanged:
    """The task is in another state."""

    id: str


class _TaskParams(NotificationParams):
    model_config = ConfigDict(extra="allow")


class _TaskNotification(Notification[_TaskParams, Literal["notifications/tasks"]]):
    method: Literal["notifications/tasks"] = "notifications/tasks"
    params: _TaskParams


def task_ids(wanted: SubscriptionFilter) -> list[str]:
    """The tasks in a filter, each once (an extension's member). Raises MCPError when it is no list of texts, or too long."""
    found = (wanted.model_extra or {}).get("taskIds") or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise MCPError(INVALID_PARAMS, "notifications.taskIds: expected a list of task ids")
    if len(found) > MOST_TASKS:
        raise MCPError(INVALID_PARAMS, f"{len(found)} tasks in one subscription, at most {MOST_TASKS}")
    return list(dict.fromkeys(found))


class Stream:
    """`tasks`: ids of those it is told of; `state(id)` gives what tasks/get would, None for one that is gone."""

    def __init__(
        self, view: View, wanted: SubscriptionFilter, tasks: Collection[str], state: Callable[[str], Json | None]
    ) -> None:
        self.view, self.tasks, self._state = view, frozenset(tasks), state
        more: dict[str, Any] = {"taskIds": list(tasks)} if tasks else {}
        self._honored = SubscriptionFilter(
            tools_list_changed=wanted.tools_list_changed or None,
            prompts_list_changed=wanted.prompts_list_changed or None,
            resources_list_changed=wanted.resources_list_changed or None,
            resource_subscriptions=list(wanted.resource_subscriptions or ()) or None,
            **more,
        )
        self._uris = frozenset(wanted.resource_subscriptions or ())
        # In the order in which they are told; what may have changed before is told at once.
        self._news: dict[ServerEvent | TaskChanged, None] = {TaskChanged(one): None for one in tasks}
        self._wake = asyncio.Event()
        self._closing = False

    def tell(self, event: ServerEvent | TaskChanged) -> None:
        """Something changed; nothing for what it did not ask for."""
        if event.id in self.tasks if isinstance(event, TaskChanged) else event_matches(self._honored, self._uris, event):
            self._news[event] = None
            self._wake.set()

    def close(self) -> None:
        """End it, with what is to be told yet."""
        self._closing = True
        self._wake.set()

    async def serve(self, ctx: Context) -> SubscriptionsListenResult:
        """Acknowledges, then tells until it is closed or its client leaves. Raises MCPError."""
        if ctx.request_id is None:
            raise MCPError(INVALID_REQUEST, "subscriptions/listen requires a request id")
        meta: dict[str, Any] = {SUBSCRIPTION_ID_META_KEY: ctx.request_id}
        params = SubscriptionsAcknowledgedNotificationParams(notifications=self._honored, _meta=meta)
        await ctx.session.send_notification(SubscriptionsAcknowledgedNotification(params=params), ctx.request_id)
        while self._news or not self._closing:
            while self._news:
                event = next(iter(self._news))
                del self._news[event]
                if (frame := self._frame(event, meta)) is not None:
                    await ctx.session.send_notification(frame, ctx.request_id)
            if not self._closing:
                await self._wake.wait()
                self._wake.clear()
        return SubscriptionsListenResult(_meta=meta)

    def _frame(self, event: ServerEvent | TaskChanged, meta: dict[str, Any]) -> Any:
        if not isinstance(event, TaskChanged):
            return event_to_notification(event, meta)
        state = self._state(event.id)
        return None if state is None else _TaskNotification(params=_TaskParams(**state, _meta=meta))


__all__ = ["MOST_TASKS", "ResourceUpdated", "Stream", "TaskChanged", "task_ids"]
