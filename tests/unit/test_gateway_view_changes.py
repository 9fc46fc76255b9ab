# SPDX-License-Identifier: Apache-2.0
"""Clients hear of changes to what their view holds, by the names that it has there, and of nothing else."""

from __future__ import annotations

import anyio
import pytest
from mcp import Client
from mcp.client.subscriptions import PromptsListChanged, ResourcesListChanged, ResourceUpdated, ToolsListChanged
from tests.support.memory_fleet import ADD, MemoryDevice
from tests.support.view_world import OFFERS, READ, made, serving_views

from motet.fleet import Event, Offers

pytestmark = pytest.mark.anyio


async def test_only_changes_inside_a_view_are_told():
    fleet = made()
    listening = {"tools_list_changed": True, "resources_list_changed": True, "prompts_list_changed": True}
    async with (
        serving_views(fleet) as (url, _),
        Client(url + "/server:line") as line,
        line.listen(**listening) as of_line,
        Client(url + "/group:presses") as group,
        group.listen(**listening) as of_group,
        Client(url) as whole,
        whole.listen(**listening) as of_all,
    ):
        # Of a device in neither; of one in the group, but nothing that the server shows.
        fleet.put(MemoryDevice("gate", [READ, ADD]))
        assert isinstance(await anext(of_all), ToolsListChanged)
        fleet.put(MemoryDevice("press-2", [ADD], offers=OFFERS))
        assert isinstance(await anext(of_group), ToolsListChanged)
        more = Offers(OFFERS.resources, OFFERS.templates, OFFERS.prompts[:1])
        fleet.put(MemoryDevice("oven", [READ, ADD], offers=more))
        # The first thing that the server's client hears is the first that changed there.
        fleet.put(MemoryDevice("oven", [READ, {**ADD, "description": "Another."}], offers=more))
        assert isinstance(await anext(of_line), ToolsListChanged)
        fleet.put(
            MemoryDevice("oven", [READ, {**ADD, "description": "Another."}], offers=Offers(more.resources[1:], (), more.prompts))
        )
        assert isinstance(await anext(of_line), ResourcesListChanged)
        fleet.put(MemoryDevice("oven", [READ, {**ADD, "description": "Another."}]))
        assert isinstance(await anext(of_line), PromptsListChanged)
        for stream in (of_line, of_group):
            with anyio.move_on_after(0.3) as quiet:
                await anext(stream)
            assert quiet.cancelled_caught


async def test_a_group_whose_list_stays_too_long_is_not_told_of_it():
    fleet = made()
    async with (
        serving_views(fleet, list_up_to=3) as (url, _),
        Client(url + "/group:presses") as client,
        client.listen(tools_list_changed=True) as events,
    ):
        fleet.put(MemoryDevice("press-3", [ADD]))
        with anyio.move_on_after(0.3) as quiet:
            await anext(events)
        assert quiet.cancelled_caught
        fleet.put(MemoryDevice("press-2", online=False))
        assert isinstance(await anext(events), ToolsListChanged)


async def test_an_update_of_a_resource_is_told_in_every_view_that_has_it_by_its_name_there():
    fleet = made()
    async with (
        serving_views(fleet, watch_interval_s=1000) as (url, _),
        Client(url + "/server:line") as line,
        line.listen(resource_subscriptions=["line://heat"]) as of_line,
        Client(url + "/group:presses") as group,
        group.listen(resource_subscriptions=["motet://press-1/device/sensors/heat"]) as of_group,
    ):
        for device, name in (("oven", "door"), ("press-2", "heat"), ("oven", "heat"), ("press-1", "heat")):
            for listener in tuple(fleet._listeners):
                listener(Event("updated", fleet.get(device), data={"uri": f"device://sensors/{name}"}))
        assert await anext(of_line) == ResourceUpdated("line://heat")
        assert await anext(of_group) == ResourceUpdated("motet://press-1/device/sensors/heat")
