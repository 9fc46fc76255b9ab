# SPDX-License-Identifier: Apache-2.0
"""Nothing a device or a listener does holds up a call, a list of tools, or this process."""

import asyncio

import pytest
from tests.support.fleet_world import REALM, answer, asked, fleet_world, silent
from tests.support.sim_device import ECHO, SimDevice
from tests.support.waiting import until

from motet.fleet import DeviceOffline, DeviceTimeout
from motet.wire import packed

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world():
    async with fleet_world() as made:
        yield made


async def test_a_time_out_of_nothing_is_no_time_at_all(world):
    await world.device(handler=silent)
    with pytest.raises(DeviceTimeout):
        await asyncio.wait_for(world.call(timeout=0), 5)


async def test_a_listener_to_progress_that_hangs_does_not_hold_up_the_result_beyond_the_time_out(world):
    device = await world.device(handler=silent)
    listening = asyncio.Event()

    async def progress(_done, _total, _message):
        listening.set()
        await asyncio.Event().wait()

    call = world.call(timeout=1, progress=progress)
    request = (await asked(device))[0]
    note = {"progressToken": request["id"], "progress": 1}
    device.send(world.fleet.gateway_id, {"jsonrpc": "2.0", "method": "notifications/progress", "params": note})
    await listening.wait()
    device.send(world.fleet.gateway_id, answer(request))
    assert await asyncio.wait_for(call, 10) == {"ok": True}


async def test_a_device_that_shows_itself_and_leaves_at_once_is_offline_and_not_waited_for(world, monkeypatch):
    monkeypatch.setattr("motet.fleet.router.PATIENCE_S", 0.3)
    device = await world.device(handler=silent)
    found = world.fleet.get("dev")
    found.confirmed.clear()
    call = world.call()
    await asyncio.sleep(0)  # the call waits now
    found.confirmed.set()
    found.confirmed.clear()
    with pytest.raises(DeviceOffline):
        await asyncio.wait_for(call, 10)
    assert [request["method"] for request in device.requests if request["method"] == "tools/call"] == []


async def test_an_answer_larger_than_any_message_is_dropped_unread(world):
    device = await world.device(handler=silent)
    call = world.call()
    request = (await asked(device))[0]
    topic = f"mcp/1/{REALM}/g/{world.fleet.gateway_id}/r/dev"
    device.bus.publish(topic, packed.dumps(answer(request, {"text": "x" * (1 << 20)})))
    device.send(world.fleet.gateway_id, answer(request))
    assert await call == {"ok": True}
    assert world.count("answers_malformed") == 1


async def test_a_log_message_larger_than_any_device_sends_is_dropped(world):
    device = await world.device()
    params = {"level": "info", "data": "-" * (1 << 16)}
    message = packed.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": params})
    device.bus.publish(f"mcp/1/{REALM}/d/dev/n", message)
    await until(lambda: world.count("notifications_malformed") == 1, "the count")


async def test_a_new_catalogue_is_read_at_once_although_another_could_not_be(world):
    device = SimDevice(world.broker.url, REALM, "dev")
    announce, device.announce = device.announce, lambda: announce(catalogue=b"x" * 16)
    await device.start()
    await until(lambda: world.count("catalogue_mismatches") == 1, "the first failure")
    device.tools.append({**ECHO, "name": "sim.other"})
    announce()
    await until(lambda: len(world.fleet.get("dev").tools) == 2, "the new tools", timeout=1.5)
    await device.stop()


async def test_a_catalogue_that_is_taken_back_is_not_asked_for_any_more(world):
    device = await world.device()
    device.announce(catalogue=b"x" * 16)
    await until(lambda: world.count("catalogue_mismatches") == 1, "the failure")
    device.announce()
    await until(lambda: not world.fleet.reading, "the end of the reader")
    assert [tool["name"] for tool in world.fleet.get("dev").tools] == ["sim.echo"]
