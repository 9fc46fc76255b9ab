# SPDX-License-Identifier: Apache-2.0
"""Who may connect: tokens of the configured issuers for this gateway, static tokens, and what their scopes allow."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.mcp_http import modern_body, modern_call, modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving

from motet.config import Auth, ConfigError, Token, VirtualServer, load
from motet.gateway.gatehouse import called
from motet.gateway.scopes import parse
from motet.gateway.tokens import Verifier

pytestmark = pytest.mark.anyio
RESOURCE, ISSUER = "https://gateway.example/mcp", "https://login.example"
KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def token(key=KEY, algorithm="EdDSA", **changes):
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": RESOURCE, "exp": now + 600, "sub": "ann", "scope": "call:pump.* read:pump"}
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "one"})


@pytest.fixture
def auth(tmp_path):
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key()))
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{**jwk, "kid": "one", "use": "sig", "alg": "EdDSA"}]}))
    static = Token(name="line", sha256=hashlib.sha256(b"static-secret").hexdigest(), scopes=["call:*", "manage"])
    return Auth(resource=RESOURCE, issuers=[ISSUER], jwks=str(file), tokens=[static])


def fleet():
    made = MemoryFleet(MemoryDevice("pump"), MemoryDevice("valve"))
    return made


async def asked(url, bearer, request):
    headers = {**request["headers"], **({} if bearer is None else {"authorization": f"Bearer {bearer}"})}
    async with httpx2.AsyncClient() as http:
        return await http.post(url, json=request["json"], headers=headers)


CALL = modern_call("pump.math.add", {"a": 1, "b": 2})
LIST = {"json": modern_body("tools/list"), "headers": modern_headers("tools/list")}


async def test_without_a_token_nothing_is_served_but_where_to_get_one(auth):
    async with serving(fleet(), auth=auth) as (url, _):
        for bearer in (None, "nonsense", "a.b.c", "x" * 20000):
            answer = await asked(url, bearer, LIST)
            assert answer.status_code == 401
            challenge = answer.headers["www-authenticate"]
            assert 'resource_metadata="https://gateway.example/.well-known/oauth-protected-resource/mcp"' in challenge
        async with httpx2.AsyncClient(base_url=url.removesuffix("/mcp")) as http:
            for path in ("/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"):
                told = (await http.get(path)).json()
                assert (told["resource"], told["authorization_servers"]) == (RESOURCE, [ISSUER])
            assert (await http.get("/api/v1/devices")).status_code == 401
            assert (await http.get("/healthz")).status_code == 200


async def test_a_token_of_the_issuer_for_this_gateway_calls_and_sees_what_its_scopes_say(auth):
    async with serving(fleet(), auth=auth) as (url, _):
        answer = await asked(url, token(), CALL)
        assert answer.json()["result"]["structuredContent"] == {"result": 3}
        names = [tool["name"] for tool in (await asked(url, token(), LIST)).json()["result"]["tools"]]
        assert names == ["pump.math.add"]
        resources = {"json": modern_body("resources/list"), "headers": modern_headers("resources/list")}
        listed = (await asked(url, token(), resources)).json()["result"]["resources"]
        assert {one["uri"].split("/")[2] for one in listed} == {"pump"}
        read = {"json": modern_body("resources/read", uri="motet://valve/gateway/twin"),
                "headers": modern_headers("resources/read", "motet://valve/gateway/twin")}  # fmt: skip
        assert (await asked(url, token(), read)).json()["error"]["code"] == -32058


async def test_a_call_beyond_the_scopes_is_told_the_scope_it_takes(auth):
    async with serving(fleet(), auth=auth) as (url, _):
        answer = await asked(url, token(), modern_call("valve.math.add", {"a": 1, "b": 2}))
        assert answer.status_code == 403
        assert 'scope="call:valve.math.add", error="insufficient_scope"' in answer.headers["www-authenticate"]
        answer = await asked(url + "/device:valve", token(), modern_call("math.add", {"a": 1, "b": 2}))
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "bad",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "https://other.example/mcp"}, {"aud": None},
        {"exp": int(time.time()) - 100}, {"exp": None}, {"nbf": int(time.time()) + 1000}, {"key": OTHER},
        {"key": "secret" * 8, "algorithm": "HS256"}, {"key": None, "algorithm": "none"},
    ],
)  # fmt: skip
async def test_a_token_of_another_issuer_resource_time_key_or_algorithm_does_not_count(auth, bad):
    async with serving(fleet(), auth=auth) as (url, _):
        assert (await asked(url, token(**bad), LIST)).status_code == 401


async def test_a_static_token_counts_and_manages_only_with_that_scope(auth):
    async with serving(fleet(), auth=auth) as (url, _):
        assert (await asked(url, "static-secret", CALL)).status_code == 200
        assert (await asked(url, "static-secre", CALL)).status_code == 401
        async with httpx2.AsyncClient(base_url=url.removesuffix("/mcp")) as http:
            path = "/api/v1/devices/pump/artifacts"
            assert (await http.post(path, headers={"authorization": f"Bearer {token()}"})).status_code == 403


async def test_the_api_shows_a_token_what_it_may_read(auth):
    async with serving(fleet(), auth=auth) as (url, _), httpx2.AsyncClient(base_url=url.removesuffix("/mcp")) as http:

        async def status(path, bearer):
            answer = await http.get(path, headers={"authorization": f"Bearer {bearer}"})
            return answer.status_code, answer.headers.get("www-authenticate", "")

        assert (await status("/api/v1/devices/pump", token()))[0] == 200
        for path in ("/api/v1/devices", "/api/v1/logs", "/api/v1/packages", "/api/v1/devices/valve"):
            code, challenge = await status(path, token())
            assert code == 403 and f'scope="read:{"valve" if path.endswith("valve") else "*"}"' in challenge
            assert (await status(path, token(scope="read:*")))[0] != 403
            assert (await status(path, "static-secret"))[0] != 403


async def test_a_task_or_a_sealed_state_is_its_callers_own(auth):
    async with serving(fleet(), auth=auth) as (url, app):
        assert app.front.tasks.find("unknown", "ann") is None
        body = modern_body("tasks/get", taskId="guess")
        body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {
            "extensions": {"io.modelcontextprotocol/tasks": {}}
        }
        answer = await asked(url, token(), {"json": body, "headers": modern_headers("tasks/get", "guess")})
        assert answer.json()["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [("*", "a.b", True), ("a.*", "a.b.c", True), ("a.*", "ab.c", False), ("a.b", "a.b", True), ("a.b", "a.bc", False),
     ("*.read", "a.read", True), ("*.read", "a.reads", False), ("a*b*c", "abc", True), ("a*a", "a", False), ("", "a", False)],
)  # fmt: skip
def test_a_star_stands_for_any_text(pattern, name, fits):
    assert parse((f"read:{pattern}",)).read(name) is fits


@given(st.lists(st.sampled_from(["*", "a"]), max_size=60).map("".join))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_matching_many_stars_ends_at_once(pattern):
    parse((f"read:{pattern}b",)).read("a" * 64)


@given(st.binary(max_size=200))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_any_body_is_looked_at_without_harm(body):
    assert called(body) is None


def test_a_slash_may_be_written_in_two_ways():
    assert called(b'{"method": "tools\\/call", "params": {"name": "pump.x"}}') == "pump.x"


def test_tokens_without_a_resource_are_refused_by_the_configuration(tmp_path):
    file = tmp_path / "motet.toml"
    for text in ('[auth]\njwks = "https://x.example/jwks"\n', '[[auth.tokens]]\nname = "a"\nsha256 = "zz"\n'):
        file.write_text(text)
        with pytest.raises(ConfigError, match="auth"):
            load(file)


async def test_a_subscription_that_is_refused_takes_no_place(auth):
    wanted = {"notifications": {"resourceSubscriptions": ["motet://valve/gateway/twin"]}}
    listen = {"json": modern_body("subscriptions/listen", **wanted), "headers": modern_headers("subscriptions/listen")}
    async with serving(fleet(), auth=auth) as (url, app):
        assert "no scope" in (await asked(url, token(), listen)).text
        assert len(app.front.hub) == 0


async def test_a_key_that_was_withdrawn_ends_with_the_set_that_had_it(auth, monkeypatch):
    told = [json.loads(Path(auth.jwks).read_text(encoding="utf-8"))]
    monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", lambda _: told[-1])
    verifier = Verifier(auth.model_copy(update={"jwks": "https://login.example/keys"}))
    assert (await verifier.verify_token(token())) is not None
    other = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(OTHER.public_key()))
    told.append({"keys": [{**other, "kid": "two", "use": "sig", "alg": "EdDSA"}]})
    # As five minutes later.
    verifier._keys.jwk_set_cache.jwk_set_with_timestamp = None
    assert (await verifier.verify_token(token())) is None


BARE = VirtualServer.model_validate(
    {"name": "line", "gateway": ["fleet.search"], "tools": [{"device": "pump", "tool": "*", "as": "{tool}"}]}
)


@pytest.mark.parametrize(("scope", "status"), [("call:pump.*", 403), ("call:fleet.search", 200), ("call:*", 200)])
async def test_a_tool_of_the_gateway_needs_its_own_scope_whatever_a_server_would_call_so(auth, scope, status):
    search = modern_call("fleet.search", {})
    async with serving(fleet(), auth=auth, servers=(BARE,)) as (url, _):
        assert (await asked(url + "/server:line", token(scope=scope), search)).status_code == status
        assert (await asked(url, token(scope=scope), search)).status_code == status
