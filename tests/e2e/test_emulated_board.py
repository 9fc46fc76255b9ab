# SPDX-License-Identifier: Apache-2.0
"""An MCP client over real HTTP and a real broker uses an emulated STM32F405, and everything between them fails in turn."""

from __future__ import annotations

import asyncio
import base64

import pytest
from mcp.shared.exceptions import MCPError
from motet_native import nn
from tests.support.emulated import BOARD, DEVICE, bridged, world
from tests.support.noisy import Faults
from tests.support.waiting import until

from motet.bridge import IdTaken
from motet.cli.demo import unseen_digits
from motet.emulate import Emulator
from motet.paths import data

pytestmark = [pytest.mark.anyio, pytest.mark.board]
BIT_ERROR_RATE, CALLS, AT_ONCE = 1e-4, 1000, 3


async def predicted(client, image):
    arguments = {"model": "digits", "input": base64.b64encode(image).decode()}
    return (await client.call_tool(f"{DEVICE}.models.predict", arguments)).structured_content["outputs"]


async def configured(client, window):
    return (await client.call_tool(f"{DEVICE}.vote.configure", {"window": window})).structured_content["result"]


async def test_the_board_computes_the_same_bytes_as_the_engine_on_this_machine():
    images, _labels = unseen_digits(20)
    engine = nn.Model((data("models") / "digits" / "digits.tflite").read_bytes())
    async with world() as system, system.client() as client:
        await system.equip()
        for image in images:
            expected = [value - 256 if value > 127 else value for value in engine.predict([image])[0]]
            assert await predicted(client, image) == [expected]


@pytest.mark.timeout(300)
async def test_a_thousand_calls_over_a_line_with_bit_errors_are_all_answered_and_none_is_wrong():
    async with world() as system, system.client() as client:
        await system.equip()
        system.relay.faults = Faults(bit=BIT_ERROR_RATE)
        numbers = iter(range(CALLS))

        async def worker():
            for number in numbers:
                window = 1 + number % 16
                assert await configured(client, window) == window

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        assert system.relay.flipped > 100


async def test_a_board_that_dies_in_mid_call_ends_the_call_with_an_error_that_names_it():
    async with world(call_timeout_s=60) as system, system.client() as client:
        system.relay.hold()
        sent = system.fleet.traffic()["sent"]
        call = asyncio.create_task(client.call_tool(f"{DEVICE}.vitals.read", {}))
        await until(lambda: system.fleet.traffic()["sent"] > sent, "the request to be sent")
        system.emulator.kill()
        system.relay.resume()
        system.relay.cut()
        with pytest.raises(MCPError) as error:
            await call
        assert DEVICE in error.value.error.message


async def test_a_board_that_comes_back_is_used_again_by_the_same_client():
    async with world() as system, system.client() as client:
        await system.equip()
        assert await configured(client, 5) == 5
        system.emulator.restart()
        # What was installed lived in RAM: the catalogue tells that it is gone.
        await until(lambda: not any(t["name"].startswith("vote.") for _, t in system.fleet.tools()), "the loss", 60)
        await system.arrived()
        result = await client.call_tool(f"{DEVICE}.vitals.read", {})
        assert result.structured_content["board"] == BOARD
        await system.equip()
        assert await configured(client, 6) == 6


async def test_a_broker_that_is_killed_and_restarted_during_calls_delays_or_fails_them_but_hangs_none():
    async with world(call_timeout_s=15) as system, system.client() as client:
        calls = [asyncio.create_task(client.call_tool(f"{DEVICE}.vitals.read", {})) for _ in range(5)]
        system.broker.kill()
        await asyncio.wait(calls, timeout=40)
        assert all(call.done() for call in calls)
        failures = [call.exception() for call in calls if call.exception()]
        assert all(isinstance(failure, MCPError) for failure in failures)
        system.broker.start()
        await until(lambda: system.fleet.unavailable is None, "the broker to be back", 30)
        await system.arrived()
        assert (await client.call_tool(f"{DEVICE}.vitals.read", {})).structured_content["board"] == BOARD


async def test_a_second_board_with_the_same_id_is_refused_and_the_first_keeps_working():
    async with world() as system, system.client() as client:
        nonce = system.fleet.get(DEVICE).nonce
        with Emulator(BOARD) as second:
            async with bridged(second.port, system.broker.url) as bridge:
                with pytest.raises(IdTaken, match=DEVICE):
                    await asyncio.wait_for(asyncio.shield(bridge), 60)
        assert system.fleet.get(DEVICE).nonce == nonce
        assert (await client.call_tool(f"{DEVICE}.vitals.read", {})).structured_content["board"] == BOARD
