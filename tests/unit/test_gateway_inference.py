# SPDX-License-Identifier: Apache-2.0
"""models.infer: the order of places, what falls through and what does not, what may leave the site. Real servers and models."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import Client
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.shared.exceptions import MCPError
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving, text

from motet.components.depot import Depot
from motet.components.packages import read
from motet.config import Group, VirtualServer
from motet.config.beyond import Inference as Settings
from motet.gateway.inference import Inference
from motet.gateway.inference.places import Here, NotHere, Wish
from motet.paths import data
from motet.store import Store

pytestmark = pytest.mark.anyio
PREDICT = {
    "name": "models.predict",
    "description": "Runs a model.",
    "inputSchema": {"type": "object", "properties": {"model": {"enum": ["digits"]}, "input": {}}},
}
INPUT = [0] * 64


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[Depot]:
    store = Store(f"sqlite:///{tmp_path / 'motet.db'}")
    yield Depot(store)
    store.close()


@contextlib.contextmanager
def api(answer: Callable[[dict[str, Any]], tuple[int, bytes]]) -> Iterator[tuple[str, list[Any]]]:
    """An OpenAI-compatible endpoint: its base URL and what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, self.headers.get("Authorization"), body))
            status, data = answer(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()


def says(content: str) -> Callable[[dict[str, Any]], tuple[int, bytes]]:
    return lambda _: (200, json.dumps({"choices": [{"message": {"content": content}}]}).encode())


@contextlib.asynccontextmanager
async def gateway(depot: Depot, *devices: str, answer: Any = None, rules: Any = None, views: Any = None, **settings: Any):
    fleet = MemoryFleet(*(MemoryDevice(name, [PREDICT]) for name in devices))

    async def predict(params: Any, _progress: Any) -> Any:
        return text(len(params["arguments"]["input"]))

    fleet.answers["models.predict"] = answer or predict
    async with serving(fleet, **(views or {})) as (url, app):
        made = Inference(Settings(enabled=True, **settings), fleet, app.front.calls, depot, rules)
        made.register(app.front.calls.local)
        async with Client("/".join((url, *(view.key for view in app.front.views)))) as client:
            yield fleet, client


async def infer(client: Client, **more: Any) -> Any:
    return await client.call_tool("models.infer", {"model": "digits", "input": INPUT, **more})


def where(result: Any) -> Any:
    return result.meta["motet/where"]


async def test_the_device_asked_for_does_it_when_it_has_the_model(depot):
    async with gateway(depot, "one", "two") as (fleet, client):
        for device in ("two", "one", "two"):
            result = await infer(client, device=device)
            assert where(result) == f"device:{device}"
            assert result.structured_content["where"] == f"device:{device}"
        assert [call[0] for call in fleet.calls] == ["two", "one", "two"]


SOME = Group(name="some", devices=["t*"])
SEE = {"device": "t*", "tool": "models.predict", "as": "see.{device}"}
VISION = VirtualServer.model_validate({"name": "vision", "tools": [SEE], "gateway": ["models.infer"]})


@pytest.mark.parametrize("views", [{"groups": (SOME,)}, {"servers": (VISION,)}], ids=["group", "server"])
async def test_in_a_view_only_its_devices_run_models(depot, views):
    async with gateway(depot, "one", "two", "three", views=views) as (_, client):
        assert {where(await infer(client, device="one")) for _ in range(4)} == {"device:two", "device:three"}
        assert where(await infer(client, device="two")) == "device:two"


async def test_a_server_that_does_not_show_it_does_not_have_it(depot):
    server = VirtualServer.model_validate({"name": "bare", "tools": [{"device": "*", "tool": "*"}]})
    async with gateway(depot, "one", views={"servers": (server,)}) as (_, client):
        assert [tool.name for tool in (await client.list_tools()).tools] == ["one.models.predict"]
        with pytest.raises(MCPError, match="Unknown tool"):
            await infer(client)


async def test_equal_devices_take_turns(depot):
    async with gateway(depot, "one", "two", "three") as (_, client):
        assert {where(await infer(client)) for _ in range(3)} == {"device:one", "device:two", "device:three"}


async def test_the_tool_is_listed_with_those_of_devices(depot):
    async with gateway(depot, "one") as (_, client):
        assert [tool.name for tool in (await client.list_tools()).tools] == ["models.infer", "one.models.predict"]


async def test_a_device_that_fails_is_passed_over(depot):
    async def failing(params: Any, _progress: Any) -> Any:
        return {**text("no"), "isError": True, "_meta": {"motet/error": "failed"}}

    async with gateway(depot, "one", answer=failing) as (_, client):
        result = await infer(client, device="one")
        assert result.is_error and where(result) == "nowhere"
        assert any("one" in reason for reason in result.meta["motet/tried"])


async def test_a_wrong_argument_is_not_tried_elsewhere(depot):
    async def picky(params: Any, _progress: Any) -> Any:
        return {**text("no"), "isError": True, "_meta": {"motet/error": "arguments"}}

    with api(says("{}")) as (url, asked):
        endpoint = {"name": "cloud", "url": url, "data_classes": ["internal"]}
        async with gateway(depot, "one", answer=picky, endpoints=[endpoint]) as (_, client):
            result = await infer(client, device="one")
        assert result.is_error and where(result) == "device:one"
        assert asked == []


async def test_the_gateway_runs_what_it_keeps_with_the_bytes_of_the_devices(depot):
    (file,) = sorted(data("models").glob("digits/*cnn*.tflite"))[:1] or sorted(data("models").glob("digits/*.tflite"))[:1]
    package = read(file)
    depot.put("board", package, (), "")
    async with gateway(depot) as (_, client):
        result = await client.call_tool("models.infer", {"model": package.name, "input": INPUT})
        assert not result.is_error and where(result) == "gateway"
        wrong = await client.call_tool("models.infer", {"model": package.name, "input": [0] * 63})
        assert wrong.is_error and "64 numbers" in wrong.content[0].text
    from motet_native import nn

    expected = nn.Model(package.content).predict([bytes(64)])
    assert result.structured_content["class"] == int(np.argmax(np.frombuffer(expected[0], np.int8)))


async def test_an_endpoint_stands_in_when_nothing_else_can(depot, monkeypatch):
    monkeypatch.setenv("CLOUD_TOKEN", "secret")
    with api(says('{"class": 7}')) as (url, asked):
        endpoint = {"name": "cloud", "url": url, "model": "big", "token_env": "CLOUD_TOKEN", "data_classes": ["internal"]}
        async with gateway(depot, endpoints=[endpoint]) as (_, client):
            result = await infer(client)
    assert where(result) == "endpoint:cloud"
    assert result.structured_content == {"class": 7, "where": "endpoint:cloud"}
    path, authorization, body = asked[0]
    assert (path, authorization, body["model"]) == ("/v1/chat/completions", "Bearer secret", "big")
    assert json.loads(body["messages"][1]["content"]) == {"model": "digits", "input": INPUT}


@pytest.mark.parametrize("data_class", ["internal", "restricted", None])
async def test_what_is_not_public_never_leaves_by_default(depot, data_class):
    with api(says("{}")) as (url, asked):
        async with gateway(depot, endpoints=[{"name": "cloud", "url": url}]) as (_, client):
            result = await infer(client, **({"data_class": data_class} if data_class else {}))
        assert where(result) == "nowhere" and "may not go there" in result.content[0].text
        assert asked == []


async def test_the_calls_of_a_day_end(depot):
    with api(says("{}")) as (url, asked):
        async with gateway(depot, endpoints=[{"name": "cloud", "url": url, "calls_per_day": 2}]) as (_, client):
            places = [where(await infer(client, data_class="public")) for _ in range(3)]
    assert places == ["endpoint:cloud", "endpoint:cloud", "nowhere"]
    assert len(asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}"),
        (302, b""),
        (200, b"no json"),
        (200, b"[]"),
        (200, b'{"choices": []}'),
        (200, b'{"choices": [{"message": {"content": 5}}]}'),
    ],
)
async def test_an_endpoint_that_answers_nonsense_is_passed_over(depot, answer):
    with api(lambda _: answer) as (bad, _), api(says("fine")) as (good, _):
        endpoints = [{"name": "bad", "url": bad}, {"name": "good", "url": good}]
        async with gateway(depot, endpoints=endpoints) as (_, client):
            result = await infer(client, data_class="public")
    assert where(result) == "endpoint:good"
    assert result.meta["motet/tried"][-1].startswith("endpoint: bad:")


async def test_an_endpoint_that_is_silent_costs_its_time_out_alone(depot):
    release = threading.Event()

    def wait(_: Any) -> tuple[int, bytes]:
        release.wait(20)
        return 200, b"{}"

    with api(wait) as (slow, _), api(says("fine")) as (good, _):
        endpoints = [{"name": "slow", "url": slow, "timeout_s": 0.3}, {"name": "good", "url": good}]
        async with gateway(depot, endpoints=endpoints) as (_, client):
            assert where(await infer(client, data_class="public")) == "endpoint:good"
        release.set()


async def test_another_gateway_can_stand_in_by_its_mcp_endpoint(depot, tmp_path):
    other = Store(f"sqlite:///{tmp_path / 'other.db'}")
    fleet = MemoryFleet(MemoryDevice("far", [PREDICT]))

    async def predict(_params: Any, _progress: Any) -> Any:
        return text(42)

    fleet.answers["models.predict"] = predict
    async with serving(fleet) as (url, app):
        Inference(Settings(enabled=True), fleet, app.front.calls, Depot(other), None).register(app.front.calls.local)
        endpoint = {"name": "hall", "kind": "mcp", "url": url, "data_classes": ["internal"]}
        async with gateway(depot, endpoints=[endpoint]) as (_, client):
            result = await infer(client)
    assert where(result) == "endpoint:hall"
    assert result.structured_content["result"] == 42
    other.close()


async def test_the_order_is_the_configured_one(depot):
    with api(says("{}")) as (url, _):
        endpoint = {"name": "cloud", "url": url, "data_classes": ["internal"]}
        async with gateway(depot, "one", order=["endpoint", "fleet"], endpoints=[endpoint]) as (_, client):
            assert where(await infer(client)) == "endpoint:cloud"
        async with gateway(depot, "one", order=["gateway"]) as (_, client):
            assert where(await infer(client)) == "nowhere"


async def test_policies_see_who_asks_for_a_model_on_the_gateway():
    class Asked:
        async def call(self, device, board, tool, who, data_class):
            self.who = who.id
            return "not for ann"

    rules = Asked()
    user = AuthenticatedUser(AccessToken(token="x", client_id="c", scopes=[], subject="ann"))
    before = auth_context_var.set(user)
    try:
        with pytest.raises(NotHere, match="not for ann"):
            await Here(None, rules).infer(None, Wish("digits", {}, "", "internal"))
    finally:
        auth_context_var.reset(before)
    assert rules.who == "ann"


async def test_policies_see_of_which_class_the_input_for_a_device_is(depot):
    class Asked:
        async def call(self, device, board, tool, who, data_class):
            return f"{data_class} stays away" if device == "one" else None

    async with gateway(depot, "one", "two", rules=Asked()) as (fleet, client):
        assert where(await infer(client, device="one")) == "device:one"
        result = await infer(client, device="one", data_class="restricted")
        assert where(result) == "device:two" and "restricted stays away" in str(result.meta["motet/tried"])
        assert [call[0] for call in fleet.calls] == ["one", "two"]
