# SPDX-License-Identifier: Apache-2.0
"""The install endpoint: what it lets in, what it answers, what happens when its client leaves."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json

import httpx2
import pytest
from component_modules import VOTE
from tests.support.memory_fleet import MemoryDevice, MemoryFleet
from tests.support.waiting import until

from motet.components.packages import read
from motet.gateway import deployments
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.server import listening
from motet.observe import Metrics

pytestmark = pytest.mark.anyio
PATH = "/api/v1/devices/pump/artifacts"
JSON = {"content-type": "application/json"}


class Boards(MemoryFleet):
    """Devices that take artifacts. While `gate` is unset, blocks stay unanswered."""

    def __init__(self, *devices):
        super().__init__(*devices)
        self.gate = asyncio.Event()
        self.methods, self.aborted, self.rows = [], [], []

    async def call(self, device, method, params, timeout, progress=None):
        if not method.startswith("artifact."):
            return {}
        self.methods.append(method)
        if method == "artifact.block":
            await self.gate.wait()
        # An answer takes its time.
        await asyncio.sleep(0.01)
        return getattr(self, "_" + method.partition(".")[2])(params)

    def _list(self, _params):
        return {"artifacts": self.rows}

    def _begin(self, params):
        self.announced = params
        return {"transfer": 1, "block": params["size"]}

    def _block(self, params):
        assert hashlib.sha256(params["data"]).digest() == self.announced["digest"]
        return {"received": len(params["data"])}

    def _commit(self, _params):
        self.rows.append(self.announced)
        return {}

    def _abort(self, params):
        self.aborted.append(params)
        return {}


@contextlib.asynccontextmanager
async def gateway(fleet):
    options = Options(port=0, drain_s=0.5)
    app = GatewayApp(fleet, Metrics(), options, deployments.Deployments(fleet).routes())
    async with listening(app, options) as url, httpx2.AsyncClient(base_url=url.removesuffix("/mcp"), timeout=20) as http:
        yield http


@pytest.fixture
def fleet():
    return Boards(MemoryDevice("pump", board="stm32f405"), MemoryDevice("valve", online=False))


@pytest.fixture(scope="module")
def vote():
    return read(VOTE).upload()


async def half_an_upload(http):
    """A connection on which the rest of the body does not come."""
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    head = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{{"
    writer.write(head.encode())
    await writer.drain()
    return reader, writer


def lines(answer):
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_an_upload_is_installed_and_told_record_by_record(fleet, vote):
    fleet.gate.set()
    async with gateway(fleet) as http:
        answer = await http.post(PATH, json=vote)
    assert answer.headers["content-type"] == "application/x-ndjson"
    told = lines(answer)
    assert told[0]["step"] == "size" and told[-1]["installed"]["name"] == "vote"
    assert [row["name"] for row in fleet.rows] == ["vote"]


@pytest.mark.parametrize(
    ("path", "content", "headers", "status", "words"),
    [
        (PATH, b"{}", {"content-type": "text/plain"}, 415, "application/json"),
        (PATH, b"{}", {"content-type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        (PATH, b"{}", {}, 415, "application/json"),
        (PATH, b"{", JSON, 400, "not JSON"),
        (PATH, b"", JSON, 400, "not JSON"),
        (PATH, b'"\xff"', JSON, 400, "not JSON"),
        (PATH, b"[" * 200_000, JSON, 400, "nested too deeply"),
        (PATH, b" " * (deployments.MAX_BODY_BYTES + 1), JSON, 413, "larger than"),
        ("/api/v1/devices/nobody/artifacts", b"{}", JSON, 404, "nobody"),
        ("/api/v1/devices/valve/artifacts", b"{}", JSON, 409, "valve is offline"),
        ("/api/v1/devices/..%2f..%2fetc/artifacts", b"{}", JSON, 404, "Not Found"),
        (PATH, b"{}", {**JSON, "origin": "http://page.example"}, 403, "Origin"),
        (PATH, b"{}", {**JSON, "host": "page.example"}, 421, "Host"),
    ],
)
async def test_a_request_that_cannot_be_an_upload_is_refused_in_a_sentence(fleet, path, content, headers, status, words):
    async with gateway(fleet) as http:
        answer = await http.post(path, content=content, headers=headers)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert fleet.methods == []


async def test_the_name_of_the_content_type_may_be_in_capitals_and_have_parameters(fleet, vote):
    fleet.gate.set()
    async with gateway(fleet) as http:
        headers = {"content-type": "Application/JSON; charset=utf-8"}
        answer = await http.post(PATH, content=json.dumps(vote), headers=headers)
    assert "installed" in lines(answer)[-1]


async def test_what_is_no_artifact_is_refused_in_one_record(fleet):
    async with gateway(fleet) as http:
        answer = await http.post(PATH, json={"kind": "firmware"})
    assert [list(record) for record in lines(answer)] == [["error"]]
    assert fleet.methods == []


async def test_a_body_that_does_not_arrive_is_given_up(fleet, monkeypatch):
    monkeypatch.setattr(deployments, "BODY_S", 0.05)
    async with gateway(fleet) as http:
        reader, writer = await half_an_upload(http)
        # Answered, and closed: what is left of the body is not waited for.
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_a_client_that_leaves_half_way_through_its_body_disturbs_nobody(fleet, vote, caplog):
    fleet.gate.set()
    async with gateway(fleet) as http:
        _, writer = await half_an_upload(http)
        writer.close()
        answer = await http.post(PATH, json=vote)
    assert "installed" in lines(answer)[-1]
    assert "Exception in ASGI application" not in caplog.text


async def test_a_client_that_leaves_during_the_installation_makes_the_device_forget_it(fleet, vote):
    async with gateway(fleet) as http:
        async with http.stream("POST", PATH, json=vote):
            await until(lambda: "artifact.block" in fleet.methods)
        await until(lambda: fleet.aborted)
    assert fleet.aborted == [{"transfer": 1}]
    assert fleet.rows == []


async def test_uploads_take_turns_and_too_many_are_refused(fleet, vote, monkeypatch):
    monkeypatch.setattr(deployments, "WAITING", 1)
    async with gateway(fleet) as http:
        open_ones = [asyncio.create_task(http.post(PATH, json=vote)) for _ in range(deployments.AT_ONCE)]
        await until(lambda: fleet.methods.count("artifact.block") == deployments.AT_ONCE)
        waiting = await http.send(http.build_request("POST", PATH, json=vote), stream=True)
        refused = await http.post(PATH, json=vote)
        assert (refused.status_code, "try again" in refused.json()["error"]) == (503, True)
        fleet.gate.set()
        await waiting.aread()
        for answer in [*await asyncio.gather(*open_ones), waiting]:
            assert "installed" in lines(answer)[-1]


async def test_bodies_on_their_way_count_as_uploads(fleet, monkeypatch):
    monkeypatch.setattr(deployments, "WAITING", 1 - deployments.AT_ONCE)

    async def answered(http, status):
        async with asyncio.timeout(15):
            while (await http.post(PATH, json={})).status_code != status:
                pass

    async with gateway(fleet) as http:
        _, writer = await half_an_upload(http)
        await answered(http, 503)
        writer.close()
        await answered(http, 200)
