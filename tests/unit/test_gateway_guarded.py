# SPDX-License-Identifier: Apache-2.0
"""Policies hold for what clients hear of resources as for reading them."""

from __future__ import annotations

import httpx2
import pytest
from tests.support.mcp_http import modern_body, modern_headers
from tests.support.memory_fleet import MemoryDevice, MemoryFleet

from motet.components.capabilities import policy_fields
from motet.gateway.app import GatewayApp
from motet.gateway.errors import DENIED
from motet.gateway.options import Options
from motet.gateway.rules import Rules
from motet.gateway.server import listening
from motet.observe import Metrics
from motet.policy import Audit, Policy
from motet.store import Store

pytestmark = pytest.mark.anyio
POLICY = """permit (principal, action, resource);
forbid (principal, action == Motet::Action::"call", resource in Motet::Device::"pump");"""


@pytest.fixture
def audit(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'motet.db'}")
    yield Audit(store)
    store.close()


@pytest.fixture
async def post(audit):
    fleet, options = MemoryFleet(MemoryDevice("pump"), MemoryDevice("press")), Options(port=0, drain_s=0.5)
    app = GatewayApp(fleet, Metrics(), options, rules=Rules(Policy(POLICY, policy_fields()), audit))
    async with listening(app, options) as url, httpx2.AsyncClient() as http:

        async def ask(method, label="", **params):
            return await http.post(url, json=modern_body(method, **params), headers=modern_headers(method, label))

        yield ask


def wish(*uris):
    return {"notifications": {"resourceSubscriptions": list(uris)}}


async def test_who_may_not_read_a_resource_is_not_told_that_it_changed(post, audit):
    read = await post("resources/read", "motet://pump/log/all", uri="motet://pump/log/all")
    heard = await post("subscriptions/listen", **wish("motet://press/log/all", "motet://pump/log/all"))
    assert read.json()["error"]["code"] == heard.json()["error"]["code"] == DENIED
    assert heard.json()["error"]["data"]["device"] == "pump"
    assert [entry.outcome for entry in audit.entries(action="call")] == ["denied", "denied"]


async def test_a_resource_of_a_device_that_nobody_has_seen_is_decided_as_well(post):
    heard = await post("subscriptions/listen", **wish("motet://pump/log/all", "motet://nobody/log/all"))
    assert heard.json()["error"]["code"] == DENIED
