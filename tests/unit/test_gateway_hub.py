# SPDX-License-Identifier: Apache-2.0
"""Listeners that are refused cost nothing; a resource that cannot be asked for harms nobody."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import SubscriptionsListenRequestParams
from tests.support.memory_fleet import MemoryDevice, MemoryFleet

from motet.gateway.hub import Hub
from motet.gateway.views import FLEET, Views
from motet.gateway.watching import Watcher
from motet.wire import WireError

pytestmark = pytest.mark.anyio


async def test_a_listener_that_is_denied_takes_no_place():
    async def nobody(device, _uri):
        raise MCPError(-32000, f"not {device}")

    hub = Hub(may_read=nobody)
    wanted = {"_meta": {}, "notifications": {"resourceSubscriptions": ["motet://pump/log/all"]}}
    params = SubscriptionsListenRequestParams.model_validate(wanted, by_name=False)
    for _ in range(2):
        with pytest.raises(MCPError, match="not pump"):
            await hub.listen(SimpleNamespace(request=None), params)
    assert not hub.watched and not len(hub)


async def test_a_resource_that_cannot_be_asked_for_does_not_end_the_watch(monkeypatch):
    fleet, rounds, asked = MemoryFleet(MemoryDevice("pump", [])), asyncio.Event(), []

    async def call(*arguments):
        asked.append(arguments)
        if len(asked) == 3:
            rounds.set()
        raise WireError("text that is no text")

    monkeypatch.setattr(fleet, "call", call)
    hub = Hub()
    watcher = Watcher(fleet, hub, None, 0.001, Views())
    hub.watch([(FLEET, "motet://pump/log/all")])
    watcher.wake()
    running = asyncio.create_task(watcher.run())
    await asyncio.wait_for(rounds.wait(), 20)
    running.cancel()
    await asyncio.wait((running,))
