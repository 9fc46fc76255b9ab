# SPDX-License-Identifier: Apache-2.0
"""What is installed on a device, over HTTP: listing and removing, and every way it can fail."""

from __future__ import annotations

import contextlib

import httpx2
import pytest
from tests.support.memory_fleet import MemoryDevice, MemoryFleet

from motet.fleet import DeviceOffline, DeviceTimeout, RpcError
from motet.gateway import devicelogs
from motet.gateway.app import GatewayApp
from motet.gateway.inventory import Inventory
from motet.gateway.options import Options
from motet.gateway.server import listening
from motet.observe import Metrics
from motet_core import errors as codes

pytestmark = pytest.mark.anyio
PATH = "/api/v1/devices/pump/artifacts"
ROW = {"kind": "model", "name": "digits", "revision": 1, "size": 6136, "digest": "AA==", "state": "ready"}


class Boards(MemoryFleet):
    """One device; `answers` maps a method to its result or error."""

    def __init__(self):
        super().__init__(MemoryDevice("pump", board="stm32f405"))
        self.answers, self.asked = {"artifact.list": {"artifacts": [ROW]}, "artifact.remove": {}}, []

    async def call(self, device, method, params, timeout, progress=None):
        if not method.startswith("artifact."):
            return {}
        self.asked.append((method, params))
        answer = self.answers[method]
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextlib.asynccontextmanager
async def gateway(fleet, *routes):
    options = Options(port=0, drain_s=0.5)
    app = GatewayApp(fleet, Metrics(), options, [*Inventory(fleet).routes(), *routes])
    async with listening(app, options) as url, httpx2.AsyncClient(base_url=url.removesuffix("/mcp"), timeout=20) as http:
        yield http


async def test_lists_what_the_device_lists():
    async with gateway(Boards()) as http:
        assert (await http.get(PATH)).json() == {"artifacts": [ROW]}


async def test_removes_by_kind_and_name():
    fleet = Boards()
    async with gateway(fleet) as http:
        assert (await http.delete(f"{PATH}/model/digits")).status_code == 204
    assert fleet.asked == [("artifact.remove", {"kind": "model", "name": "digits"})]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RpcError("pump", codes.NOT_FOUND, "no such artifact"), 404),
        (RpcError("pump", codes.InternalError.code, "internal error"), 502),
        (DeviceOffline("pump", "pump is gone"), 409),
        (DeviceTimeout("pump", "pump did not answer"), 504),
    ],
)
async def test_what_the_device_says_becomes_a_status_and_a_sentence(error, status):
    fleet = Boards()
    fleet.answers["artifact.remove"] = error
    async with gateway(fleet) as http:
        answer = await http.delete(f"{PATH}/model/digits")
    assert (answer.status_code, answer.json()) == (status, {"error": str(error)})


async def test_an_unknown_device_or_kind_is_not_asked():
    fleet = Boards()
    async with gateway(fleet) as http:
        assert (await http.get("/api/v1/devices/nobody/artifacts")).status_code == 404
        assert (await http.delete(f"{PATH}/firmware/digits")).status_code == 404
        for name in ("a.b", "a" * 33, "%22", "%00"):
            assert (await http.delete(f"{PATH}/model/{name}")).status_code == 404
    assert fleet.asked == []


async def test_an_answer_that_is_no_list_is_a_bad_gateway():
    fleet = Boards()
    fleet.answers["artifact.list"] = {"artifacts": "everything"}
    async with gateway(fleet) as http:
        assert (await http.get(PATH)).status_code == 502


async def test_a_foreign_page_may_not_remove_anything():
    fleet = Boards()
    async with gateway(fleet) as http:
        answer = await http.delete(f"{PATH}/model/digits", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert fleet.asked == []


async def test_only_so_many_readers_follow_the_log(monkeypatch):
    monkeypatch.setattr(devicelogs, "READERS", 0)
    fleet = Boards()
    logs = devicelogs.DeviceLogs(fleet)
    async with gateway(fleet, *logs.routes()) as http:
        assert (await http.get("/api/v1/logs", params={"follow": "1"})).status_code == 503
        assert (await http.get("/api/v1/logs")).status_code == 200
