# SPDX-License-Identifier: Apache-2.0
"""Devices come, go and change: listening clients of both eras hear of it over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace

import httpx2
import pytest
from mcp import Client
from mcp.client.subscriptions import ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp_types import InitializedNotification, SubscribeRequestParams, UnsubscribeRequestParams
from tests.support.mcp_http import modern_body, modern_headers
from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet, serving
from tests.support.waiting import until

from motet.config import Limits
from motet.gateway.hub import MOST_URIS, Hub
from motet.gateway.views import FLEET, device_view

pytestmark = pytest.mark.anyio
OTHER = {**ADD, "name": "vote.push"}


@pytest.fixture
def fleet():
    return MemoryFleet(MemoryDevice("pump"))


class Inbox:
    """What an older client's session is told."""

    def __init__(self):
        self.methods = []

    async def __call__(self, message):
        self.methods.append(getattr(message, "method", type(message).__name__))


async def listed(client):
    return [tool.name for tool in (await client.list_tools()).tools]


async def test_a_listening_client_hears_of_arrival_departure_and_change(fleet):
    async with serving(fleet) as (url, _), Client(url) as client, client.listen(tools_list_changed=True) as events:
        fleet.put(MemoryDevice("valve"))
        assert isinstance(await anext(events), ToolsListChanged)
        assert await listed(client) == ["pump.math.add", "valve.math.add"]

        fleet.put(MemoryDevice("valve", [ADD, OTHER]))
        assert isinstance(await anext(events), ToolsListChanged)
        assert await listed(client) == ["pump.math.add", "valve.math.add", "valve.vote.push"]

        fleet.put(MemoryDevice("valve", online=False))
        assert isinstance(await anext(events), ToolsListChanged)
        assert await listed(client) == ["pump.math.add"]


async def test_an_older_client_hears_of_it_on_its_session_and_was_promised_so(fleet):
    inbox = Inbox()
    async with serving(fleet) as (url, app), Client(url, mode="legacy", message_handler=inbox) as client:
        assert client.server_capabilities.tools.list_changed
        await until(lambda: app.front.sessions == 1)
        await standing_stream(app)
        fleet.put(MemoryDevice("valve"))
        await until(lambda: "notifications/tools/list_changed" in inbox.methods)
        assert await listed(client) == ["pump.math.add", "valve.math.add"]


async def test_a_client_that_says_initialized_again_and_again_is_one_session(fleet):
    async with serving(fleet) as (url, app), Client(url, mode="legacy") as client:
        for _ in range(5):
            await client.session.send_notification(InitializedNotification())
        await client.list_tools()
        assert app.front.sessions == 1


async def test_a_session_that_ends_is_forgotten(fleet):
    async with serving(fleet) as (url, app):
        async with Client(url, mode="legacy"):
            await until(lambda: app.front.sessions == 1)
        await until(lambda: app.front.sessions == 0)


async def test_a_shutdown_ends_listening_and_standing_streams_at_once(fleet):
    """With a minute to drain, a stream that kept the shutdown waiting would run into the deadline."""
    async with asyncio.timeout(40):
        async with serving(fleet, drain_s=60) as (url, app):
            client, older = Client(url), Client(url, mode="legacy")
            await client.__aenter__()
            await older.__aenter__()
            listening = client.listen(tools_list_changed=True)
            await listening.__aenter__()
            await standing_stream(app)


async def test_a_listen_request_without_an_event_stream_is_refused(fleet):

    headers = {**modern_headers("subscriptions/listen"), "accept": "application/json"}
    body = modern_body("subscriptions/listen", notifications={"toolsListChanged": True})
    async with serving(fleet) as (url, _), httpx2.AsyncClient() as http:
        assert (await http.post(url, json=body, headers=headers)).status_code == 406


async def standing_stream(app):
    """Older clients open their stream for notifications after the handshake."""
    await until(lambda: app.standing_streams)


async def test_what_a_client_subscribed_to_ends_with_its_connection_also_when_it_was_never_ready():
    class Connection:
        exit_stack = contextlib.ExitStack()

    hub, connection = Hub(), Connection()
    ctx = SimpleNamespace(request=None, session=SimpleNamespace(_connection=connection))
    for number in range(2 * MOST_URIS):
        with contextlib.suppress(MCPError):
            await hub.subscribe(ctx, SubscribeRequestParams(uri=f"motet://pump/x/{number}"))
    assert len(hub.watched) == MOST_URIS
    connection.exit_stack.close()
    assert not hub.watched


async def test_a_session_that_changes_its_view_neither_leaves_watches_behind_nor_ends_those_of_others():
    class Connection:
        exit_stack = contextlib.ExitStack()

    hub, connection, uri = Hub(), Connection(), "motet://pump/x/y"

    def asked(view):
        return SimpleNamespace(
            request=SimpleNamespace(scope={"motet.view": view}), session=SimpleNamespace(_connection=connection)
        )

    hub.watch([(device_view("pump"), uri)])
    await hub.subscribe(asked(FLEET), SubscribeRequestParams(uri=uri))
    await hub.unsubscribe(asked(device_view("pump")), UnsubscribeRequestParams(uri=uri))
    assert hub.watched == {(device_view("pump"), uri): 1}
    await hub.subscribe(asked(device_view("pump")), SubscribeRequestParams(uri=uri))
    connection.exit_stack.close()
    assert hub.watched == {(device_view("pump"), uri): 1}


async def test_a_caller_with_every_listener_it_may_have_can_still_end_a_session(fleet):
    body = modern_body("subscriptions/listen", notifications={"toolsListChanged": True})
    headers = modern_headers("subscriptions/listen")
    async with (
        serving(fleet, limits=Limits(caller_listeners=1)) as (url, app),
        httpx2.AsyncClient() as http,
        http.stream("POST", url, json=body, headers=headers),
    ):
        await until(lambda: app.front.shedding.limiter.listening)
        old = {"mcp-protocol-version": "2025-11-25", "accept": "text/event-stream", "mcp-session-id": "none"}
        assert (await http.get(url, headers=old)).status_code == 429
        assert (await http.delete(url, headers=old)).status_code == 404
