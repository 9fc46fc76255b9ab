# SPDX-License-Identifier: Apache-2.0
"""Short runs of what `make soak` does for long: damaged messages from both sides, and devices that restart under load."""

from __future__ import annotations

import sys
from pathlib import Path

import uvloop
from tests.support.fuzz_report import faults
from tests.support.fuzz_world import FuzzWorld
from tests.support.gateway_process import GatewayProcess

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import soak_gateway

FUZZED = 1500


def test_damaged_messages_from_both_sides_harm_neither_the_gateway_nor_those_who_use_it(tmp_path):
    async def play():
        world = FuzzWorld(tmp_path, seed=20260728)
        async with world.running():
            await world.under_fire(FUZZED)
            return await world.outcome()

    outcome = uvloop.run(play())
    assert not faults(outcome)
    assert outcome["http_messages"] == FUZZED
    assert len(outcome["statuses"]) > 5


def test_calls_of_devices_that_restart_are_answered_rightly_or_fail_with_a_reason(tmp_path):
    with GatewayProcess(tmp_path) as gateway:
        result = uvloop.run(soak_gateway.soak(gateway, calls=1500, restarts=4, minutes=2))
    assert soak_gateway.good({**result, "rss_growth": 0}, restarts=4), result
    assert result["right"] > 1000
