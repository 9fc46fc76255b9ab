# SPDX-License-Identifier: Apache-2.0
"""The routes beside /mcp: health, metrics, devices."""

from __future__ import annotations

import httpx2
import pytest
from tests.support.mcp_http import modern_call
from tests.support.memory_fleet import MemoryDevice, MemoryFleet, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def fleet():
    return MemoryFleet(MemoryDevice("pump"))


async def get(fleet, path):
    async with serving(fleet) as (url, _), httpx2.AsyncClient(base_url=url.removesuffix("/mcp")) as http:
        await http.post("/mcp", **modern_call("pump.math.add", {"a": 1, "b": 2}))
        return await http.get(path)


async def test_health_is_ok_while_the_broker_is_there(fleet):
    answer = await get(fleet, "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "devices_online": 1})


async def test_health_says_why_it_is_not_ok_and_the_process_is_alive_nevertheless(fleet):
    fleet.unavailable = "no connection to the broker at mqtt://127.0.0.1:1883"
    answer = await get(fleet, "/healthz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == fleet.unavailable
    assert (await get(fleet, "/healthz/live")).status_code == 200


async def test_metrics_count_calls_devices_and_what_the_fleet_counts(fleet):
    fleet.put(MemoryDevice("valve", online=False))
    text = (await get(fleet, "/metrics")).text
    for line in (
        'motet_tool_calls_total{device="pump",outcome="ok",tool="math.add"} 1.0',
        "motet_tool_call_seconds_count 1.0",
        'motet_devices{state="offline"} 1.0',
        "motet_bus_connected 1.0",
        "motet_tools 1.0",
        'motet_dropped_total{reason="answers_late"} 3.0',
        'motet_bytes_total{direction="received"} 200.0',
    ):
        assert line in text


async def test_devices_are_listed_by_id_with_what_is_known_of_them(fleet):
    fleet.put(MemoryDevice("a-first", online=False, nonce=b"\xab" * 8))
    devices = (await get(fleet, "/api/v1/devices")).json()["devices"]
    assert [device["id"] for device in devices] == ["a-first", "pump"]
    assert devices[0]["boot_nonce"] == "ab" * 8
    assert devices[0]["online"] is False
    assert devices[1]["tools"] == ["math.add"]


async def test_one_device_and_a_device_that_is_not_there(fleet):
    assert (await get(fleet, "/api/v1/devices/pump")).json()["board"] == "memory"
    missing = await get(fleet, "/api/v1/devices/nobody")
    assert (missing.status_code, missing.json()) == (404, {"error": "no device 'nobody'"})


async def test_an_unknown_path_is_a_json_error(fleet):
    answer = await get(fleet, "/nothing")
    assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


@pytest.mark.parametrize("number", [0, 1, 200, 201, 450])
async def test_the_list_of_many_devices_is_whole(number):
    fleet = MemoryFleet(*(MemoryDevice(f"d{at:03}") for at in range(number)))
    devices = (await get(fleet, "/api/v1/devices")).json()["devices"]
    assert [device["id"] for device in devices] == [f"d{at:03}" for at in range(number)]
