# SPDX-License-Identifier: Apache-2.0
"""Devices at a real mosquitto that allows them little, on CPython and as the edge node."""

from __future__ import annotations

import pytest
from tests.support.mosquittos import mosquitto
from tests.support.node_process import device, fleet_at, there
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


async def test_short_packets_one_at_a_time_and_no_qos_1_are_enough(command, tmp_path):
    # The second listener is the device's; the limits of packets and keep-alive are those of both.
    broker = mosquitto(tmp_path, "", "max_qos 0\n", head="max_packet_size 600\nmax_inflight_messages 1\nmax_keepalive 10\n")
    with broker as (plain, narrow), device(command, f"mqtt://127.0.0.1:{narrow}") as node:
        async with fleet_at(plain) as fleet:
            await until(lambda: there(fleet))
            for _ in range(3):
                # Both are longer than a packet may be.
                assert len(str(await fleet.call_tool("node-1", "vitals.read", {}))) > 600
    assert all("QoS" in line for line in node.said), node.said


async def test_a_broker_that_keeps_nothing_is_refused_with_the_reason(command, tmp_path):
    with mosquitto(tmp_path, "", head="retain_available false\n") as (port,), device(command, f"mqtt://127.0.0.1:{port}") as node:
        await until(lambda: len(node.said) >= 1)
    assert "154" in node.said[0] or "retained" in node.said[0], node.said
