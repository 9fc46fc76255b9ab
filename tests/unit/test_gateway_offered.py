# SPDX-License-Identifier: Apache-2.0
"""Resources, prompts and completion of devices, in the view of the fleet and of one device; what a device asks of a client."""

from __future__ import annotations

import asyncio
import base64
import contextlib

import httpx2
import mcp_types as types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.client.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPError
from tests.support.mcp_http import modern_body, modern_call, modern_headers
from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet, serving
from tests.support.waiting import until

from motet.config import Limits
from motet.fleet import Event, Offers
from motet.gateway.views import FLEET, device_view

pytestmark = pytest.mark.anyio
BLOB = base64.b64encode(b"\x00\xff").decode()
OFFERS = Offers(
    resources=({"uri": "device://sensors/eye", "name": "eye"}, {"uri": "no uri", "name": "left out"}),
    templates=({"uriTemplate": "log://{day}", "name": "log"},),
    prompts=({"name": "greet", "arguments": [{"name": "who"}]}, {"name": "bad name"}),
)
ASKS = {**ADD, "name": "valve.open", "inputSchema": {"type": "object"}, "_meta": {"motet/asks": True}}


async def read(params, _progress):
    if params["uri"] == "device://sensors/eye":
        return {"contents": [{"uri": params["uri"], "blob": BLOB}]}
    from motet.fleet import RpcError

    raise RpcError("pump", -32602, "unknown")


async def greet(params, _progress):
    return {"messages": [{"role": "user", "content": {"type": "text", "text": f"hello {params['arguments']['who']}"}}]}


async def confirmed(params, _progress):
    if params.get("requestState") == "asked" and params["inputResponses"]["sure"]["action"] == "accept":
        return {"content": [{"type": "text", "text": f"opened {params['arguments'].get('valve')}"}]}
    form = {"mode": "form", "message": "Sure?", "requestedSchema": {"type": "object", "properties": {}}}
    requests = {"sure": {"method": "elicitation/create", "params": form}}
    return {"resultType": "input_required", "inputRequests": requests, "requestState": "asked"}


@pytest.fixture
def fleet():
    made = MemoryFleet(MemoryDevice("pump", [ADD, ASKS], offers=OFFERS), MemoryDevice("other", [ADD, ASKS]))
    made.answers |= {"resources/read": read, "greet": greet, "valve.open": confirmed}
    return made


async def code(work):
    with pytest.raises(MCPError) as caught:
        await work
    return caught.value.error.code


async def test_the_fleet_and_one_device_show_the_same_under_their_own_names(fleet):
    async with serving(fleet) as (url, _):
        async with Client(url) as client:
            assert "motet://pump/device/sensors/eye" in [one.uri for one in (await client.list_resources()).resources]
            assert [one.name for one in (await client.list_prompts()).prompts] == ["pump.greet"]
            found = (await client.read_resource("motet://pump/device/sensors/eye")).contents[0]
            assert (found.uri, found.blob) == ("motet://pump/device/sensors/eye", BLOB)
        async with Client(url + "/device:pump") as client:
            assert "device://sensors/eye" in [one.uri for one in (await client.list_resources()).resources]
            assert [one.uri_template for one in (await client.list_resource_templates()).resource_templates] == [
                "gateway://models/{model}/card",
                "log://{day}",
            ]
            assert (await client.get_prompt("greet", {"who": "you"})).messages[0].content.text == "hello you"
            assert [tool.name for tool in (await client.list_tools()).tools] == ["math.add", "valve.open"]
            assert (await client.read_resource("device://sensors/eye")).contents[0].uri == "device://sensors/eye"
            twin = (await client.read_resource("gateway://twin")).contents[0].text
            assert '"board": "memory"' in twin


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
async def test_what_does_not_exist_has_the_code_of_its_revision(fleet, mode):
    async with serving(fleet) as (url, _), Client(url, mode=mode) as client:
        missing = -32602 if mode != "legacy" else -32002
        for uri in ("motet://pump/device/none", "motet://nobody/device/x", "http://example.org/", "motet://pump/"):
            assert await code(client.read_resource(uri)) == missing
        assert await code(client.get_prompt("pump.none")) == -32602


async def test_a_view_that_does_not_exist_is_refused_and_one_of_a_device_that_is_away_is_empty(fleet):
    async with serving(fleet) as (url, _):
        async with httpx2.AsyncClient() as http:
            for path in ("/device:", "/group:x", "/device:a/b", "?view=x", "/server:x", "/device:pump/x"):
                call = modern_call("math.add", {})
                assert (await http.post(url + path, json=call["json"], headers=call["headers"])).status_code == 404
        async with Client(url + "?view=device:away") as client:
            assert (await client.list_tools()).tools == []


async def test_a_forged_cursor_of_any_list_is_an_error_and_never_more(fleet):
    async with serving(fleet) as (url, _), Client(url) as client:
        for listed in (client.list_resources, client.list_resource_templates, client.list_prompts, client.list_tools):
            assert await code(listed(cursor="not base64!")) == -32602
            await listed(cursor=base64.urlsafe_b64encode(b"zzzz").decode())


async def test_a_client_of_either_era_is_asked_and_the_device_hears_its_answer(fleet):
    async def accept(_context, _params):
        return types.ElicitResult(action="accept", content={})

    async with serving(fleet) as (url, _):
        for mode in ("2026-07-28", "legacy"):
            async with Client(url, mode=mode, elicitation_callback=accept) as client:
                result = await client.call_tool("pump.valve.open", {"valve": 1})
                assert result.content[0].text == "opened 1"
    told = [params for _, method, params in fleet.calls if method == "tools/call"]
    assert told[0]["_meta"]["io.modelcontextprotocol/clientCapabilities"] == {"elicitation": {}}
    assert [("requestState" in params) for params in told] == [False, True, False, True]


def opening(state=None, view="", **arguments):
    body = modern_body("tools/call", name="valve.open" if view else "pump.valve.open", arguments=arguments)
    body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {}}
    if state is not None:
        body["params"] |= {"requestState": state, "inputResponses": {"sure": {"action": "accept", "content": {}}}}
    return {"json": body, "headers": modern_headers("tools/call", body["params"]["name"])}


async def test_a_sealed_state_counts_for_the_very_call_that_it_was_given_for(fleet):
    async with serving(fleet) as (url, _), httpx2.AsyncClient() as http:
        first = (await http.post(url, **opening(valve=1))).json()["result"]
        state = first["requestState"]
        assert first["resultType"] == "input_required" and "asked" not in state
        for wrong in (opening(state + "A", valve=1), opening("asked", valve=1), opening(state, valve=2), opening("", valve=1)):
            assert (await http.post(url, **wrong)).json()["error"]["code"] == -32602
        assert (await http.post(url, **opening(state, valve=1))).json()["result"]["content"][0]["text"] == "opened 1"


async def test_a_state_of_one_devices_view_is_nothing_in_anothers(fleet):
    async with serving(fleet) as (url, _), httpx2.AsyncClient() as http:
        first = (await http.post(url + "/device:pump", **opening(view="pump", valve=1))).json()["result"]
        again = opening(first["requestState"], view="other", valve=1)
        assert (await http.post(url + "/device:other", **again)).json()["error"]["code"] == -32602


async def test_a_client_that_cannot_be_asked_is_told_what_it_lacks(fleet):
    async with serving(fleet) as (url, _), Client(url) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("pump.valve.open", {})
        assert (caught.value.error.code, caught.value.error.data) == (-32021, {"requiredCapabilities": {"elicitation": {}}})


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_prompt_that_does_not_say_what_its_content_is_is_a_bad_answer(fleet, mode):
    async def untyped(_params, _progress):
        return {"messages": [{"role": "user", "content": {"text": "of no type"}}]}

    fleet.answers["greet"] = untyped
    async with serving(fleet) as (url, _), Client(url, mode=mode) as client:
        assert await code(client.get_prompt("pump.greet", {"who": "you"})) == -32063


async def test_a_device_that_answers_with_nonsense_is_named(fleet):
    for nonsense in ({"contents": 5}, {}, {"contents": [{"uri": 1}]}):

        async def answer(_params, _progress, nonsense=nonsense):
            return nonsense

        fleet.answers["resources/read"] = answer
        async with serving(fleet) as (url, _), Client(url) as client:
            assert await code(client.read_resource("motet://pump/device/sensors/eye")) == -32063


async def test_a_resource_that_changes_is_told_to_who_waits_for_it_and_read_for_nobody_else(fleet):
    values = iter(range(1000))

    async def changing(params, _progress):
        return {"contents": [{"uri": params["uri"], "text": str(next(values))}]}

    fleet.answers["resources/read"] = changing
    async with serving(fleet, watch_interval_s=0.01) as (url, app), Client(url) as client:
        assert not any(method == "resources/read" for _, method, _ in fleet.calls)
        async with client.listen(resource_subscriptions=["motet://pump/device/sensors/eye"]) as events:
            event = await asyncio.wait_for(anext(aiter(events)), 20)
        assert event == ResourceUpdated(uri="motet://pump/device/sensors/eye")
        await until(lambda: not app.front.hub.watched)


async def test_a_device_says_itself_that_a_resource_changed(fleet):
    async with serving(fleet, watch_interval_s=3600) as (url, app), Client(url + "/device:pump") as client:
        async with client.listen(resource_subscriptions=["log://today", "gateway://log"]) as events:
            await until(lambda: len(app.front.hub.watched) == 2)
            device = fleet.get("pump")
            for listener in fleet._listeners:
                listener(Event("updated", device, data={"uri": "log://today"}))
                listener(Event("message", device, data={"level": "info", "data": "warm"}))
            heard = {(await asyncio.wait_for(anext(aiter(events)), 20)).uri for _ in range(2)}
        assert heard == {"log://today", "gateway://log"}
        assert (await client.read_resource("gateway://log")).contents[0].text == "info: warm"


@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
async def test_an_older_client_subscribes_and_is_told_on_its_session(fleet):
    told = asyncio.Event()

    async def inbox(message):
        if getattr(message, "method", "") == "notifications/resources/updated":
            told.set()

    async with serving(fleet, watch_interval_s=3600) as (url, app):
        async with Client(url, mode="legacy", message_handler=inbox) as client:
            await until(lambda: app.front.sessions == 1)
            await client.session.subscribe_resource("motet://pump/log/today")
            await until(lambda: app.standing_streams == 1)
            for listener in fleet._listeners:
                listener(Event("updated", fleet.get("pump"), data={"uri": "log://today"}))
            await asyncio.wait_for(told.wait(), 20)
        await until(lambda: not app.front.hub.watched)


async def test_listeners_are_bounded_and_so_are_the_resources_of_one(fleet):
    async with serving(fleet, limits=Limits(listeners=3)) as (url, app), Client(url) as client:
        with pytest.raises(MCPError):
            async with client.listen(resource_subscriptions=[f"motet://pump/log/{one}" for one in range(65)]):
                pass
        open_ones = [client.listen(tools_list_changed=True) for _ in range(3)]
        for one in open_ones:
            await one.__aenter__()
        with pytest.raises(MCPError):
            async with client.listen(tools_list_changed=True):
                pass
        for one in open_ones:
            await one.__aexit__(None, None, None)
        assert len(app.front.hub) <= 3


async def test_ten_megabytes_of_arguments_are_refused_before_anybody_looks_at_them(fleet):
    async with serving(fleet) as (url, _), httpx2.AsyncClient() as http:
        call = modern_call("pump.math.add", {"a": "x" * 10_000_000, "b": 1})
        # The answer may come, and the connection end, while the client is still talking.
        with contextlib.suppress(httpx2.TransportError):
            assert (await http.post(url, **call)).status_code == 413
    assert not any(method == "tools/call" for _, method, _ in fleet.calls)


@given(st.text(st.characters(codec="ascii"), max_size=40), st.sampled_from(["pump", "a-b_C9", ""]))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_any_uri_is_a_devices_or_nobodys_and_comes_back_as_it_was(text, device):
    view = device_view(device) if device else FLEET
    for uri in (text, f"motet://pump/x/{text}", f"x://{text}"):
        found = view.uris.own(uri)
        if found is not None and not uri.startswith("motet://"):
            assert found == (device, uri)
        elif found is not None:
            assert view.shows(found[0]) and FLEET.uris.exposed(*found) == uri
