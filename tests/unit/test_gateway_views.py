# SPDX-License-Identifier: Apache-2.0
"""Groups and virtual servers over real HTTP: what is in a view, under which names, for whom, and what its clients hear of."""

from __future__ import annotations

import hashlib
import json

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError
from tests.support.mcp_http import modern_body, modern_call, modern_headers
from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet
from tests.support.view_world import LINE, PRESSES, READ, made, serving_views

from motet.config import Auth, Token, VirtualServer
from motet.gateway.front import Front
from motet.gateway.options import Options
from motet.gateway.views import VIEW, BadView
from motet.observe import Metrics

pytestmark = pytest.mark.anyio


def names(listed):
    return [one.name for one in listed]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_group_is_its_devices_under_the_names_of_the_fleet(mode):
    async with serving_views() as (url, _), Client(url + "/group:presses", mode=mode) as client:
        assert names((await client.list_tools()).tools) == [
            f"press-{n}.{one}" for n in (1, 2) for one in ("math.add", "vitals.read")
        ]
        assert {str(one.uri).split("/")[2] for one in (await client.list_resources()).resources} == {"press-1", "press-2"}
        assert names((await client.list_prompts()).prompts) == [
            f"press-{n}.{one}" for n in (1, 2) for one in ("explain", "other")
        ]
        assert (await client.call_tool("press-2.math.add", {"a": 1, "b": 2})).structured_content == {"result": 3}
        assert (await client.read_resource("motet://press-1/log/monday")).contents[0].text == "content of log://monday"
        assert (client.instructions, client.server_info.title) == ("Mind your hands.", "The presses")
        for refused in (
            client.call_tool("oven.math.add", {"a": 1, "b": 2}),
            client.read_resource("motet://oven/device/sensors/heat"),
            client.get_prompt("oven.explain"),
        ):
            with pytest.raises(MCPError):
                await refused


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_virtual_server_is_what_was_chosen_under_the_names_that_were_given(mode):
    fleet = made()
    async with serving_views(fleet) as (url, _), Client(url + "/server:line", mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert names(tools) == ["bake.math.add", "bake.vitals.read", "health", "press-1.math.add", "press-2.math.add"]
        assert next(one for one in tools if one.name == "health").description == "Of the first press."
        assert next(one for one in tools if one.name == "bake.vitals.read").description == "Reads how it is."
        assert (await client.call_tool("bake.math.add", {"a": 1, "b": 2})).structured_content == {"result": 3}
        assert fleet.calls[-1][:2] == ("oven", "tools/call")
        health = await client.call_tool("health", {})
        # What is not in the view has the address that it has in the fleet.
        assert [str(one.uri) for one in health.content] == [f"motet://press-1/device/sensors/{one}" for one in ("heat", "door")]
        baked = await client.call_tool("bake.vitals.read", {})
        assert str(baked.content[0].uri) == "line://heat"
        assert [(str(one.uri), one.description) for one in (await client.list_resources()).resources] == [
            ("line://heat", "Its heat.")
        ]
        assert (await client.read_resource("line://heat")).contents[0].text == "content of device://sensors/heat"
        templates = (await client.list_resource_templates()).resource_templates
        assert [one.uri_template for one in templates] == ["motet://press-1/log/{day}"]
        assert (await client.read_resource("motet://press-1/log/today")).contents[0].text == "content of log://today"
        assert [(one.name, one.description) for one in (await client.list_prompts()).prompts] == [("explain", "The oven's.")]
        assert (await client.get_prompt("explain")).messages[0].content.text == "explain"
        assert (client.instructions, client.server_info.title) == ("Ask before anything moves.", "Line 1")


async def test_what_was_not_chosen_is_not_there_by_any_name():
    async with serving_views() as (url, _), Client(url + "/server:line") as client:
        for name in ("press-1.vitals.read", "press-2.vitals.read", "gate.vitals.read", "bake.x", "fleet.call", "vitals.read", ""):
            with pytest.raises(MCPError) as caught:
                await client.call_tool(name, {})
            assert caught.value.error.code == -32602
        for uri in ("motet://oven/device/sensors/heat", "motet://press-1/gateway/twin", "device://sensors/heat", "line://door"):
            with pytest.raises(MCPError, match="not found"):
                await client.read_resource(uri)
        with pytest.raises(MCPError):
            await client.get_prompt("oven.other")


async def test_a_name_never_comes_to_mean_another_device():
    fleet = made()
    async with serving_views(fleet) as (url, _), Client(url + "/server:line") as client:
        fleet.put(MemoryDevice("press-1", online=False))
        with pytest.raises(MCPError, match="press-1 is offline"):
            await client.call_tool("health", {})
        assert "health" not in names((await client.list_tools()).tools)


async def test_completion_knows_the_names_of_the_view():
    async with serving_views() as (url, _), Client(url + "/server:line") as client:
        values = []
        for ref in (
            {"type": "ref/prompt", "name": "explain"},
            {"type": "ref/resource", "uri": "motet://press-1/log/{day}"},
        ):
            values += (await client.complete(ref, {"name": "x", "value": ""})).completion.values
        assert values == ["explain", "log://{day}"]
        with pytest.raises(MCPError):
            await client.complete({"type": "ref/prompt", "name": "other"}, {"name": "x", "value": ""})


async def test_the_lists_of_views_come_in_pages():
    devices = [MemoryDevice(f"press-{n:02}", [ADD, READ]) for n in range(10)] + [MemoryDevice("oven", [ADD])]
    for view, count in (("/group:presses", 20), ("/server:line", 11)):
        async with serving_views(MemoryFleet(*devices), page_size=3, list_up_to=50) as (url, _), Client(url + view) as client:
            found, cursor = [], None
            while True:
                page = await client.list_tools(cursor=cursor)
                assert len(page.tools) <= 3
                found += names(page.tools)
                if (cursor := page.next_cursor) is None:
                    break
            assert len(found) == count and found == sorted(set(found))


async def test_searching_describing_and_calling_stay_in_the_view():
    async with serving_views(list_up_to=2) as (url, _), Client(url + "/group:presses") as client:
        assert names((await client.list_tools()).tools) == ["fleet.call", "fleet.describe", "fleet.search"]
        found = (await client.call_tool("fleet.search", {})).structured_content
        assert found["tools"] == 4
        assert {one["tool"].split(".")[0] for one in found["matches"]} == {"press-1"}
        assert (await client.call_tool("fleet.describe", {"name": "press-2"})).structured_content["device"]["id"] == "press-2"
        for tool, arguments in (
            ("fleet.describe", {"name": "oven"}),
            ("fleet.describe", {"name": "oven.math.add"}),
            ("fleet.call", {"tool": "oven.math.add", "arguments": {"a": 1, "b": 2}}),
        ):
            assert (await client.call_tool(tool, arguments)).is_error
        called = await client.call_tool("fleet.call", {"tool": "press-1.math.add", "arguments": {"a": 1, "b": 2}})
        assert called.structured_content == {"result": 3}


async def test_a_server_may_show_tools_of_the_gateway_and_they_know_its_names():
    server = LINE.model_copy(update={"gateway": ["fleet.*"]})
    async with serving_views(servers=(server,)) as (url, _), Client(url + "/server:line") as client:
        assert set(names((await client.list_tools()).tools)) >= {"fleet.call", "fleet.describe", "fleet.search", "health"}
        found = (await client.call_tool("fleet.search", {"query": "add"})).structured_content["matches"]
        assert {one["tool"] for one in found} >= {"bake.math.add", "press-1.math.add"}
        told = (await client.call_tool("fleet.describe", {"name": "health"})).structured_content["tool"]
        assert (told["name"], told["description"]) == ("health", "Of the first press.")
        assert (await client.call_tool("fleet.describe", {"name": "press-1"})).is_error
        called = await client.call_tool("fleet.call", {"tool": "bake.math.add", "arguments": {"a": 1, "b": 1}})
        assert called.structured_content == {"result": 2}


async def test_scopes_are_of_devices_and_their_own_tools_whatever_a_view_calls_them():
    token = Token(name="ann", sha256=hashlib.sha256(b"secret").hexdigest(), scopes=["call:oven.math.*", "read:press-1"])
    auth = Auth(resource="https://gateway.example/mcp", tokens=[token])
    async with serving_views(auth=auth) as (url, _):
        async with (
            create_mcp_http_client(headers={"authorization": "Bearer secret"}) as http,
            Client(streamable_http_client(url + "/server:line", http_client=http)) as client,
        ):
            assert names((await client.list_tools()).tools) == ["bake.math.add"]
            assert (await client.call_tool("bake.math.add", {"a": 1, "b": 2})).structured_content == {"result": 3}
            assert (await client.list_resources()).resources == []
            assert (await client.list_prompts()).prompts == []
        async with httpx2.AsyncClient(headers={"authorization": "Bearer secret"}) as http:
            answer = await http.post(url + "/server:line", **modern_call("health", {}))
            assert (answer.status_code, 'scope="call:press-1.vitals.read"' in answer.headers["www-authenticate"]) == (403, True)
            request = {
                "json": modern_body("resources/read", uri="line://heat"),
                "headers": modern_headers("resources/read", "line://heat"),
            }
            assert (await http.post(url + "/server:line", **request)).json()["error"]["code"] == -32058


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/group:none", 404, "no view 'group:none'"),
        ("/server:presses", 404, "server:presses"),
        ("/group:", 404, "group:"),
        ("/nothing", 404, "nothing"),
        ("?view=server:none", 404, "server:none"),
        ("/device:oven?view=device:gate", 400, "several"),
        ("?view=group:presses&view=server:line", 400, "several"),
        ("?view=group:presses&view=group:presses", 200, ""),
        ("/group:presses?view=group:presses", 200, ""),
        ("?view=server:line", 200, ""),
        ("?view=", 200, ""),
    ],
)
async def test_a_view_is_asked_for_by_path_or_query_and_none_is_an_error_that_says_so(path, status, says):
    async with serving_views() as (url, _), httpx2.AsyncClient() as http:
        answer = await http.post(url + path, json=modern_body("tools/list"), headers=modern_headers("tools/list"))
        assert answer.status_code == status
        if status != 200:
            error = answer.json()["error"]
            assert (error["code"], says in error["message"] + error["data"]["view"]) == (-32068, True)
            assert answer.json()["id"] is None


async def capabilities(url):
    async with httpx2.AsyncClient() as http:
        answer = await http.post(url, json=modern_body("server/discover"), headers=modern_headers("server/discover"))
        return set(answer.json()["result"]["capabilities"]) & {"tools", "resources", "prompts", "completions"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_view_announces_what_is_in_it(mode):
    everything = {"tools", "resources", "prompts", "completions"}
    bare = VirtualServer.model_validate({"name": "bare", "tools": [{"device": "*", "tool": "*"}]})
    wanted = {
        "": everything,
        "/group:presses": everything,
        "/device:oven": everything,
        "/device:nobody": everything,
        "/device:gate": everything - {"prompts"},
        "/server:line": everything,
        "/server:bare": {"tools"},
    }
    async with serving_views(servers=(LINE, bare)) as (url, _):
        for view, expected in wanted.items():
            async with Client(url + view, mode=mode) as client:
                told = client.server_capabilities.model_dump(exclude_none=True)
                assert set(told) & everything == expected, view


async def test_the_views_are_listed_with_what_is_in_them():
    async with serving_views() as (url, _), httpx2.AsyncClient() as http:
        listed = (await http.get(url.removesuffix("/mcp") + "/api/v1/views")).json()["views"]
    assert [(one["view"], one["devices"], one["tools"]) for one in listed] == [
        ("", 4, 7),
        ("group:presses", 2, 4),
        ("server:line", 3, 5),
    ]
    assert listed[2]["title"] == "Line 1"
    assert json.dumps(listed[2]["path"]) == '"/mcp/server:line"'


async def test_a_client_on_standard_input_has_the_view_that_was_chosen_for_it():
    front = Front(made(), Metrics(), Options(groups=(PRESSES,), servers=(LINE,)))
    before = VIEW.set(front.views.named("server:line"))
    try:
        async with front.running(), Client(front.server) as client:
            assert "health" in names((await client.list_tools()).tools)
            assert (await client.call_tool("bake.math.add", {"a": 1, "b": 2})).structured_content == {"result": 3}
    finally:
        VIEW.reset(before)
    with pytest.raises(BadView, match="group:none"):
        front.views.named("group:none")
