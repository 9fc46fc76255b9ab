# SPDX-License-Identifier: Apache-2.0
"""The HTTP side against input that no well-behaved client sends."""

from __future__ import annotations

import json

import httpx2
import pytest
from tests.support.mcp_http import MODERN, modern_body, modern_call, modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving

from motet.wire import packed

pytestmark = pytest.mark.anyio
TOOL = "pump.math.add"
GOOD = {"a": 1, "b": 2}


@pytest.fixture
def fleet():
    return MemoryFleet(MemoryDevice("pump"))


async def post(fleet, *, settings=None, **request):
    async with serving(fleet, **(settings or {})) as (url, app), httpx2.AsyncClient() as http:
        answer = await http.post(url, **request)
        return answer, app


def error_of(answer):
    return answer.json()["error"]["code"]


async def test_a_good_call_by_hand_is_answered_as_plain_json(fleet):
    answer, _ = await post(fleet, **modern_call(TOOL, GOOD))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["result"]["structuredContent"] == {"result": 3}


@pytest.mark.parametrize("body", [b"", b"{", b"not json", b"[" * 100_000, b"\xff\xfe", b'{"id":' + b"1" * 5000 + b"}"])
async def test_bad_json_is_a_parse_error(fleet, body):
    answer, _ = await post(fleet, content=body, headers=modern_headers("tools/list"))
    assert answer.status_code == 400
    assert error_of(answer) in (-32700, -32600)


@pytest.mark.parametrize(
    "body", [[], 7, None, "text", [modern_body("tools/list")], {"id": 1}, {"jsonrpc": "2.0", "id": {}, "method": "x"}]
)
async def test_json_that_is_no_single_request_is_invalid(fleet, body):
    answer, _ = await post(fleet, content=json.dumps(body), headers=modern_headers("tools/list"))
    assert answer.status_code == 400
    assert error_of(answer) == -32600


async def test_a_wrong_content_type_is_refused(fleet):
    request = modern_call(TOOL, GOOD)
    request["headers"]["content-type"] = "text/plain"
    answer, _ = await post(fleet, content=json.dumps(request.pop("json")), **request)
    assert answer.status_code == 400
    assert fleet.calls == []


async def test_a_client_that_does_not_take_json_is_refused(fleet):
    request = modern_call(TOOL, GOOD)
    request["headers"]["accept"] = "text/html"
    answer, _ = await post(fleet, **request)
    assert answer.status_code == 406


@pytest.mark.parametrize(
    ("header", "value"),
    [("mcp-name", "valve.math.add"), ("mcp-method", "tools/list"), ("mcp-name", None), ("mcp-method", None)],
)
async def test_headers_that_do_not_match_the_body_are_a_header_mismatch(fleet, header, value):
    request = modern_call(TOOL, GOOD)
    del request["headers"][header]
    if value is not None:
        request["headers"][header] = value
    answer, _ = await post(fleet, **request)
    assert (answer.status_code, error_of(answer)) == (400, -32020)
    assert fleet.calls == []


async def test_a_revision_nobody_knows_is_refused_with_the_known_ones(fleet):
    request = modern_call(TOOL, GOOD)
    request["headers"]["mcp-protocol-version"] = "2099-01-01"
    request["json"]["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01"
    answer, _ = await post(fleet, **request)
    assert (answer.status_code, error_of(answer)) == (400, -32022)
    assert MODERN in answer.json()["error"]["data"]["supported"]


@pytest.mark.parametrize("method", ["initialize", "ping", "logging/setLevel", "no/such"])
async def test_methods_that_do_not_exist_in_this_revision_are_not_found(fleet, method):
    answer, _ = await post(fleet, json=modern_body(method), headers=modern_headers(method))
    assert (answer.status_code, error_of(answer)) == (404, -32601)


async def test_a_cursor_that_was_not_given_out_is_invalid_params(fleet):
    answer, _ = await post(fleet, json=modern_body("tools/list", cursor="###"), headers=modern_headers("tools/list"))
    assert (answer.status_code, error_of(answer)) == (400, -32602)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1.evil.example"}, 403),
        ({"host": "evil.example"}, 421),
        ({"host": "127.0.0.1.evil.example:80"}, 421),
        ({"origin": "http://localhost:3000"}, 200),
        ({"origin": "https://console.example"}, 200),
        ({"host": "factory.example"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/mcp", "/api/v1/devices"])
async def test_only_known_hosts_and_origins_get_in(fleet, headers, status, path):
    settings = {"allowed_origins": ("https://console.example",), "allowed_hosts": ("factory.example",)}
    async with serving(fleet, **settings) as (url, _), httpx2.AsyncClient() as http:
        if path == "/mcp":
            request = modern_call(TOOL, GOOD)
            answer = await http.post(url, json=request["json"], headers={**request["headers"], **headers})
        else:
            answer = await http.get(url.removesuffix("/mcp") + path, headers=headers)
        assert answer.status_code == status
        if status != 200:
            assert "gateway.allowed_" in answer.json()["error"]
            assert "motet_http_refused_total{" in (await http.get(url.removesuffix("/mcp") + "/metrics")).text


async def test_an_older_client_that_skips_the_handshake_is_told_so(fleet):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    answer, _ = await post(fleet, json=body, headers={"accept": "application/json, text/event-stream"})
    assert answer.status_code == 400


async def test_a_session_nobody_opened_is_not_found(fleet):
    headers = {"accept": "application/json, text/event-stream", "mcp-session-id": "0" * 32}
    answer, _ = await post(fleet, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers)
    assert answer.status_code == 404


async def test_a_header_made_of_an_argument_must_match_it(fleet):
    tool = {"name": "t", "inputSchema": {"type": "object", "properties": {"zone": {"type": "string", "x-mcp-header": "Zone"}}}}
    fleet.put(MemoryDevice("pump", [tool]))
    request = modern_call("pump.t", {"zone": "north"})
    request["headers"]["mcp-param-zone"] = "south"
    answer, _ = await post(fleet, **request)
    assert (answer.status_code, error_of(answer)) == (400, -32020)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("NaN", "is not a finite number"),
        ("-Infinity", "is not a finite number"),
        ("1e400", "is not a finite number"),
        ("1" * 400, "is an integer beyond 64 bits"),
        ('"\\ud800"', "is not Unicode text"),
        ("[" * 400 + "]" * 400, "is nested too deeply"),
    ],
)
async def test_a_value_that_no_device_can_be_sent_is_a_tool_error_naming_the_field(fleet, value, what):
    request = modern_call(TOOL, {"a": "?", "b": 2})
    body = json.dumps(request.pop("json")).replace('"?"', value)
    answer, _ = await post(fleet, content=body, **request)
    result = answer.json()["result"]
    assert result["isError"]
    assert result["content"][0]["text"].startswith("argument a")
    assert result["content"][0]["text"].endswith(what)
    assert fleet.calls == []


async def test_a_name_that_is_not_unicode_is_a_tool_error(fleet):
    request = modern_call(TOOL, {"a": 1, "b": 2, "?": 3})
    body = json.dumps(request.pop("json")).replace('"?"', '"\\ud800"')
    fleet.answers["math.add"] = refuse
    answer, _ = await post(fleet, content=body, **request)
    assert "text is not Unicode" in answer.json()["result"]["content"][0]["text"]


async def refuse(params, _progress):
    """What the fleet does with arguments that the wire cannot carry."""
    return packed.pack(params)
