# SPDX-License-Identifier: Apache-2.0
"""The sealed state of a call that asks for input: whoever changes, borrows, keeps or guesses one gets nowhere near the device."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from types import SimpleNamespace

import httpx2
import pytest
from mcp.server import request_state
from tests.support.mcp_http import modern_body, modern_headers
from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet, serving, text

from motet.config import Auth, Limits, Token

pytestmark = pytest.mark.anyio
ASKS = [{**ADD, "name": name, "inputSchema": {"type": "object"}, "_meta": {"motet/asks": True}} for name in ("open", "close")]
ARGUMENTS = {"valve": 1}
KEYS = {"state_keys": (b"k" * 32,), "limits": Limits.none()}


@pytest.fixture
def fleet():
    made = MemoryFleet(MemoryDevice("pump", ASKS), MemoryDevice("other", ASKS))
    made.answers |= {"open": confirmed, "close": confirmed}
    return made


async def confirmed(params, _progress):
    if "requestState" in params:
        return text(params["requestState"])
    form = {"mode": "form", "message": "Sure?", "requestedSchema": {"type": "object", "properties": {}}}
    return {
        "resultType": "input_required",
        "inputRequests": {"sure": {"method": "elicitation/create", "params": form}},
        "requestState": "secret of the device",
    }


async def call(http, state=None, *, tool="pump.open", arguments=ARGUMENTS, bearer="", path="/mcp"):
    body = modern_body("tools/call", name=tool, arguments=arguments)
    body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {}}
    if state is not None:
        body["params"] |= {"requestState": state, "inputResponses": {"sure": {"action": "accept", "content": {}}}}
    headers = modern_headers("tools/call", tool) | ({"authorization": f"Bearer {bearer}"} if bearer else {})
    return (await http.post(path, content=json.dumps(body), headers=headers)).json()


def client(url):
    return httpx2.AsyncClient(base_url=url.removesuffix("/mcp"), timeout=30)


def continued(fleet):
    """Calls that reached a device with a state."""
    return [params for _, method, params in fleet.calls if method == "tools/call" and "requestState" in params]


async def test_a_state_that_is_another_one_in_any_place_is_refused_and_tells_nothing(fleet):
    async with serving(fleet, **KEYS) as (url, _), client(url) as http:
        state = (await call(http))["result"]["requestState"]
        assert "secret" not in state and b"secret" not in base64.urlsafe_b64decode(state.split(".")[-1] + "==")
        wrong = [state[:at] + ("A" if char != "A" else "B") + state[at + 1 :] for at, char in enumerate(state)]
        wrong += [state[:at] for at in range(0, len(state), 7)] + [state + "A", state * 2, state[::-1], " " + state, state + "\n"]
        wrong += ["secret of the device", "x" * 100_000, "é", "\ud800"]
        answers = {str((await call(http, one)).get("error", {}).get("message")) for one in wrong}
        assert answers == {"Invalid or expired requestState"}
        assert continued(fleet) == []
        assert (await call(http, state))["result"]["structuredContent"] == {"result": "secret of the device"}


@pytest.mark.parametrize("state", [0, True, [], {}, ["secret of the device"], {"s": "secret of the device"}])
async def test_a_state_that_is_no_text_is_refused(fleet, state):
    async with serving(fleet, **KEYS) as (url, _), client(url) as http:
        assert (await call(http, state))["error"]["code"] == -32602
        assert continued(fleet) == []


async def test_a_state_is_for_one_tool_its_arguments_and_its_view(fleet):
    async with serving(fleet, **KEYS) as (url, _), client(url) as http:
        state = (await call(http))["result"]["requestState"]
        for other in (
            {"tool": "pump.close"},
            {"tool": "other.open"},
            {"arguments": {"valve": 2}},
            {"arguments": {}},
            {"arguments": {"valve": True}},
            {"arguments": {"valve": 1, "more": None}},
            {"tool": "open", "path": "/mcp/device:pump"},
        ):
            assert (await call(http, state, **other))["error"]["code"] == -32602, other
        assert continued(fleet) == []


async def test_a_state_is_its_callers_own(fleet):
    tokens = [Token(name=name, sha256=hashlib.sha256(name.encode()).hexdigest(), scopes=["call:*"]) for name in ("ann", "bob")]
    auth = Auth(resource="http://127.0.0.1/mcp", tokens=tokens)
    async with serving(fleet, auth=auth, **KEYS) as (url, _), client(url) as http:
        state = (await call(http, bearer="ann"))["result"]["requestState"]
        assert (await call(http, state, bearer="bob"))["error"]["code"] == -32602
        assert continued(fleet) == []
        assert "result" in await call(http, state, bearer="ann")
    # The same key without log-in: nobody is not ann.
    async with serving(fleet, **KEYS) as (url, _), client(url) as http:
        assert (await call(http, state))["error"]["code"] == -32602


@pytest.mark.parametrize(("later_s", "taken"), [(0, True), (590, True), (601, False), (-3600, False), (1e9, False)])
async def test_a_state_counts_ten_minutes_and_not_before_it_was_given(fleet, monkeypatch, later_s, taken):
    async with serving(fleet, **KEYS) as (url, _), client(url) as http:
        state = (await call(http))["result"]["requestState"]
        monkeypatch.setattr(request_state, "time", SimpleNamespace(time=lambda: time.time() + later_s))
        assert ("result" in await call(http, state)) is taken
        assert len(continued(fleet)) == taken


async def test_a_state_of_another_gateway_or_of_a_key_that_is_gone_is_refused(fleet):
    async with serving(fleet, **KEYS) as (url, _), client(url) as http:
        state = (await call(http))["result"]["requestState"]
    for settings in ({"name": "another"}, {"state_keys": (b"n" * 32,)}, {"state_keys": ()}):
        async with serving(fleet, **{**KEYS, **settings}) as (url, _), client(url) as http:
            assert (await call(http, state))["error"]["code"] == -32602, settings
    async with serving(fleet, **{**KEYS, "state_keys": (b"n" * 32, b"k" * 32)}) as (url, _), client(url) as http:
        assert "result" in await call(http, state)
