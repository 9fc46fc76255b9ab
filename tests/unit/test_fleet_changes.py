# SPDX-License-Identifier: Apache-2.0
"""Devices and brokers that come and go: calls end at once where they cannot be answered, and survive where they can."""

import asyncio

import pytest
from tests.support.fleet_world import REALM, TEXT, answer, asked, calls_of, fleet_world, silent
from tests.support.sim_device import ECHO, SimDevice
from tests.support.waiting import until

from motet.fleet import BusDown, DeviceOffline, DeviceRestarted, again
from motet.wire import Topics, packed

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world():
    async with fleet_world() as made:
        yield made


async def test_a_device_that_vanishes_ends_its_calls_at_once(world):
    device, other = await world.device(handler=silent), await world.device("other", handler=silent)
    call, unharmed = world.call(), world.call("other")
    await asked(device)
    await device.stop()
    with pytest.raises(DeviceOffline, match="dev is gone"):
        await asyncio.wait_for(call, 5)
    with pytest.raises(DeviceOffline, match="dev is offline"):
        await world.call()
    other.send(world.fleet.gateway_id, answer((await asked(other))[0]))
    assert await unharmed == {"ok": True}


async def test_a_device_that_boots_again_ends_its_calls_at_once(world):
    device = await world.device(handler=silent)
    call = world.call()
    await asked(device)
    device.reboot()
    with pytest.raises(DeviceRestarted, match="dev booted again"):
        await asyncio.wait_for(call, 5)


async def test_a_killed_broker_is_waited_out_and_the_answer_arrives(world):
    device = await world.device(handler=silent)
    call = world.call()
    request = (await asked(device))[0]
    world.broker.kill()
    await until(lambda: not world.bus.connected, "the loss")
    world.broker.start()
    again = await asked(device, 2)
    assert again[1]["id"] == request["id"], "asked again under the same id"
    device.send(world.fleet.gateway_id, answer(request))
    assert await asyncio.wait_for(call, 15) == {"ok": True}


async def test_a_device_that_booted_while_the_broker_was_away_is_not_asked_again(world):
    device = await world.device(handler=silent)
    call = world.call()
    await asked(device)
    world.broker.kill()
    await until(lambda: not device.bus.connected and not world.bus.connected, "the loss")
    device.nonce, device.sequence = b"12345678", 0
    world.broker.start()
    with pytest.raises(DeviceRestarted):
        await asyncio.wait_for(call, 15)
    assert len(calls_of(device)) == 1


async def test_without_a_broker_a_call_ends_soon_and_says_so(world):
    await world.device()
    world.broker.kill()
    await until(lambda: not world.bus.connected, "the loss")
    with pytest.raises(BusDown, match="broker"):
        await asyncio.wait_for(world.call(timeout=0.5), 5)
    assert "broker" in world.fleet.unavailable


async def test_a_call_under_way_when_the_broker_dies_for_good_ends_in_time(world):
    device = await world.device(handler=silent)
    call = world.call(timeout=1)
    await asked(device)
    world.broker.kill()
    with pytest.raises(BusDown, match="lost during the call"):
        await asyncio.wait_for(call, 5)


async def test_a_call_right_after_the_return_of_the_broker_waits_for_the_device(world):
    await world.device()
    world.broker.kill()
    await until(lambda: not world.bus.connected, "the loss")
    world.broker.start()
    result = await asyncio.wait_for(world.call(), 15)
    assert result["structuredContent"] == TEXT


async def test_new_tools_are_read_when_the_catalogue_changes(world):
    device = await world.device()
    device.tools.append({**ECHO, "name": "sim.other"})
    world.events.clear()
    device.announce()
    await until(lambda: ("tools", "dev") in world.events, "the new tools")
    assert [tool["name"] for tool in world.fleet.get("dev").tools] == ["sim.echo", "sim.other"]


async def test_a_lying_catalogue_gives_no_tools_and_the_truth_does(world):
    liar = SimDevice(world.broker.url, REALM, "liar")
    await liar.start()
    liar.announce(catalogue=b"x" * 16)
    await until(lambda: world.count("catalogue_mismatches") >= 1, "the mismatch")
    liar.announce()
    await until(lambda: world.fleet.get("liar").tools, "the tools")
    await liar.stop()


async def test_log_messages_of_a_device_are_events(world):
    device = await world.device()
    heard = []
    world.fleet.add_listener(lambda event: heard.append(event.data) if event.kind == "message" else None)
    params = {"level": "info", "data": "hello"}
    topic = f"mcp/1/{REALM}/d/dev/n"
    device.bus.publish(topic, packed.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": params}))
    await until(lambda: heard == [params], "the message")


async def test_closing_the_fleet_ends_its_calls(world):
    device = await world.device(handler=silent)
    call = world.call()
    await asked(device)
    await world.fleet.close()
    with pytest.raises(DeviceOffline, match="stopping"):
        await call


async def test_a_device_whose_presence_was_lost_is_found_when_presence_is_read_again(world, monkeypatch):
    presence, bus = Topics(REALM).all_presence(), world.bus
    # As if the broker had dropped the record: it has it, and the gateway does not hear it.
    handler = bus._handlers.pop(presence)
    device = await SimDevice(world.broker.url, REALM, "quiet").start()
    await until(lambda: device.bus.pending == 0, "the broker's word for the record")
    await bus.subscribe("round/trip", lambda *_: None)
    bus._handlers[presence] = handler
    bus._routes.clear()
    assert world.fleet.get("quiet") is None
    monkeypatch.setattr(again, "AGAIN_S", 0.05)
    world.fleet._again.begin()
    await until(lambda: ("tools", "quiet") in world.events, "tools of quiet")
    assert [event for event in world.events if event[1] == "quiet"] == [("arrived", "quiet"), ("tools", "quiet")]
    await device.bus.close()
