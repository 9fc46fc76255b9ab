# SPDX-License-Identifier: Apache-2.0
"""The edge node alone against the official conformance suite, behind a thin HTTP relay; and the relay itself."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx2
import pytest
from tests.support.mcp_http import modern_body, modern_call, modern_headers

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from conformance import announced, lines, results, suite, world  # noqa: E402
from conformance.relay import Relay, serving  # noqa: E402

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
REVISION = "2026-07-28"
# Those that take most of the node and of the relay; `make conformance` runs all.
SCENARIOS = ("server-stateless", "tools-call-with-progress", "input-required-result-tampered-state", "caching")


@pytest.fixture
def node():
    """Its command line starts the fixture."""
    if not world.EDGE.exists():
        pytest.skip(f"{world.EDGE} is missing: make edge")
    return world.edge()


async def test_scenarios_of_the_suite_pass_against_the_node_alone(node, tmp_path):
    if not suite.PACKAGE.is_dir():
        pytest.skip("the suite is missing: .venv/bin/python tools/fetch.py conformance")
    async with node as url:
        for scenario in SCENARIOS:
            await suite.server(url, REVISION, tmp_path / scenario, scenario)
    for scenario in SCENARIOS:
        leg = results.read("edge", REVISION, "server", tmp_path / scenario)
        assert (leg.good(leg.scored), leg.wrong) == ([scenario], {})


async def test_what_http_prescribes_is_checked_before_the_node_is_asked(node):
    async with node as url, httpx2.AsyncClient() as http:
        good = modern_call("test_simple_text", {})
        assert (await http.post(url, **good)).json()["result"]["resultType"] == "complete"
        wrong = {**good, "headers": {**good["headers"], "mcp-name": "another"}}
        refused = await http.post(url, **wrong)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32020)
        assert (
            await http.post(url, **good | {"headers": good["headers"] | {"origin": "http://evil.example"}})
        ).status_code == 403
        assert (await http.post(url, content=b"nonsense")).status_code == 400
        assert (await http.get(url)).status_code == 405
        unknown = await http.post(url, json=modern_body("no/such"), headers=modern_headers("no/such"))
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, -32601)


async def test_a_client_that_leaves_withdraws_its_request(node):
    async with node as url, httpx2.AsyncClient() as http:
        with pytest.raises(httpx2.ReadTimeout):
            await http.post(url, **modern_call("slow_compute", {"seconds": 3600}), timeout=0.5)
        # Four at once are all the node takes; the one that was left is none of them.
        for _ in range(5):
            assert (await http.post(url, **modern_call("test_simple_text", {}))).status_code == 200


async def test_a_program_that_ends_is_an_error_for_who_waits():
    program = lines.running([sys.executable, "-c", "input()"])
    async with program as ended, serving(Relay(ended)) as url, httpx2.AsyncClient() as http:
        for _ in range(2):
            assert (await http.post(url, **modern_call("a", {}))).status_code == 502


def test_what_is_not_announced_is_named_with_its_reason():
    every = ["tasks-lifecycle", "tools-call-error", "resources-subscribe", "tools-call-sampling", "ping"]
    offers = {"tools": {}, "resources": {"listChanged": True}}
    assert set(announced.absent(every, offers, "2026-07-28")) == {"tasks-lifecycle", "resources-subscribe"}
    assert set(announced.absent(every, offers, "2025-11-25")) == {"tasks-lifecycle", "resources-subscribe", "tools-call-sampling"}
