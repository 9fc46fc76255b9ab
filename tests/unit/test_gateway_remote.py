# SPDX-License-Identifier: Apache-2.0
"""The gateway as a client: of another gateway here, of everybody in the client leg of the conformance suite."""

from __future__ import annotations

import pytest
from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet, serving

from motet.gateway import remote

pytestmark = pytest.mark.anyio


async def test_every_page_of_another_gateways_tools_is_read_and_one_is_called():
    fleet = MemoryFleet(MemoryDevice("pump", [{**ADD, "name": f"math.add{one}"} for one in range(5)]))
    fleet.answers["math.add3"] = fleet.answers["math.add"]
    async with serving(fleet, page_size=2) as (url, _), remote.connected(url) as client:
        assert [tool.name for tool in await remote.tools(client)] == [f"pump.math.add{one}" for one in range(5)]
        assert (await client.call_tool("pump.math.add3", {"a": 1, "b": 2})).structured_content == {"result": 3}


async def test_a_server_that_lists_without_an_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(remote, "MOST_PAGES", 3)
    fleet = MemoryFleet(MemoryDevice("pump", [{**ADD, "name": f"math.add{one}"} for one in range(9)]))
    async with serving(fleet, page_size=1) as (url, _), remote.connected(url) as client:
        with pytest.raises(remote.TooMuch, match="3 pages"):
            await remote.tools(client)
