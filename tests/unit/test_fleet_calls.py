# SPDX-License-Identifier: Apache-2.0
"""Every call ends, and only with an answer that is its own."""

import asyncio
import contextlib

import pytest
from tests.support.brokers import crashable
from tests.support.sim_device import ECHO, SimDevice
from tests.support.waiting import until

from motet.bus import Bus
from motet.fleet import (
    BadAnswer,
    BusDown,
    DeviceOffline,
    DeviceRestarted,
    DeviceTimeout,
    Fleet,
    RpcError,
)
from motet.wire import packed
from motet_core.wire import blocks

pytestmark = pytest.mark.anyio
REALM = "test"
TEXT = {"text": "hello"}


@pytest.fixture
def anyio_backend():
    return "asyncio"


class World:
    """A broker, a fleet, simulated devices."""

    def __init__(self, broker, stack):
        self.broker, self._stack, self.events = broker, stack, []

    async def open_fleet(self, **settings):
        bus = await Bus.connect(self.broker.url, "gateway-test")
        self._stack.push_async_callback(bus.close)
        self.bus, self.fleet = bus, Fleet(bus, REALM, call_timeout_s=20, **settings)
        self.fleet.add_listener(lambda event: self.events.append((event.kind, event.device.id)))
        await self.fleet.start()
        self._stack.push_async_callback(self.fleet.close)

    async def device(self, device_id="dev", **settings):
        device = await SimDevice(self.broker.url, REALM, device_id, **settings).start()
        self._stack.push_async_callback(device.bus.close)
        await until(lambda: ("tools", device_id) in self.events, f"tools of {device_id}")
        return device

    def call(self, device="dev", **more):
        return asyncio.create_task(self.fleet.call_tool(device, "sim.echo", TEXT, **more))

    def count(self, name):
        return self.fleet.counters().get(name, 0)


@pytest.fixture
async def world():
    with crashable() as broker:
        async with contextlib.AsyncExitStack() as stack:
            made = World(broker, stack)
            await made.open_fleet()
            yield made


def silent(_name, _arguments):
    return None


def calls_of(device):
    return [message for message in device.requests if message["method"] == "tools/call"]


def withdrawn(device):
    return [m["params"]["requestId"] for m in device.requests if m["method"] == "notifications/cancelled"]


async def asked(device, count=1):
    """The requests of tools/call, as soon as there are `count`."""
    await until(lambda: len(calls_of(device)) >= count, "the request")
    return calls_of(device)


def answer(request, result=None):
    return {"jsonrpc": "2.0", "id": request["id"], "result": result or {"ok": True}}


async def test_a_tool_answers(world):
    await world.device()
    result = await world.fleet.call_tool("dev", "sim.echo", TEXT)
    assert result["structuredContent"] == TEXT
    assert [(device.id, tool["name"]) for device, tool in world.fleet.tools()] == [("dev", "sim.echo")]
    assert world.fleet.unavailable is None and world.fleet.get("dev").online


async def test_many_calls_at_once_each_get_their_own_answer(world):
    await asyncio.gather(*(world.device(f"d{number}") for number in range(3)))
    calls = [world.fleet.call_tool(f"d{n % 3}", "sim.echo", {"text": str(n)}) for n in range(150)]
    results = await asyncio.gather(*calls)
    assert [result["structuredContent"]["text"] for result in results] == [str(n) for n in range(150)]


async def test_large_requests_and_answers_travel_in_blocks(world):
    device = await world.device(limit=128)
    text = "x" * 6000
    result = await world.fleet.call_tool("dev", "sim.echo", {"text": text})
    assert result["structuredContent"]["text"] == text and len(calls_of(device)) == 1


async def test_a_request_beyond_what_the_device_takes_is_refused_here(world):
    device = await world.device(max_total=1000)
    with pytest.raises(RpcError, match=r"the request has 20\d\d bytes, the device takes at most 1000"):
        await world.fleet.call_tool("dev", "sim.echo", {"text": "x" * 2000})
    assert calls_of(device) == []


async def test_an_error_of_the_device_keeps_code_and_data(world):
    await world.device()
    with pytest.raises(RpcError) as caught:
        await world.fleet.call("dev", "no/such", {})
    assert (caught.value.code, caught.value.message, caught.value.device) == (-32601, "unknown method", "dev")


async def test_an_unknown_device_is_offline(world):
    with pytest.raises(DeviceOffline, match="no device 'nobody'"):
        await world.fleet.call("nobody", "tools/list", {})


async def test_a_silent_device_times_out_and_is_told_to_stop(world):
    device = await world.device(handler=silent)
    with pytest.raises(DeviceTimeout, match="did not answer tools/call"):
        await world.call(timeout=0.2)
    await until(lambda: withdrawn(device), "the cancellation")
    assert withdrawn(device) == [calls_of(device)[0]["id"]]


async def test_a_cancelled_caller_cancels_the_call(world):
    device = await world.device(handler=silent)
    call = world.call()
    request = (await asked(device))[0]
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: withdrawn(device) == [request["id"]], "the cancellation")


async def test_a_late_answer_is_dropped(world):
    device = await world.device(handler=silent)
    with contextlib.suppress(DeviceTimeout):
        await world.call(timeout=0.1)
    device.send(world.fleet.gateway_id, answer((await asked(device))[0]))
    await until(lambda: world.count("answers_late") == 1, "the count")


async def test_a_doubled_answer_is_dropped(world):
    device = await world.device()
    await world.call()
    device.send(world.fleet.gateway_id, answer(calls_of(device)[0]))
    await until(lambda: world.count("answers_doubled") == 1, "the count")
    assert (await world.call())["structuredContent"] == TEXT


async def test_another_device_cannot_answer(world):
    device, other = await world.device(handler=silent), await world.device("other")
    call = world.call()
    request = (await asked(device))[0]
    other.send(world.fleet.gateway_id, answer(request, {"forged": True}))
    await until(lambda: world.count("answers_foreign") == 1, "the count")
    device.send(world.fleet.gateway_id, answer(request))
    assert await call == {"ok": True}


@pytest.mark.parametrize("call_id", [0, -1, 10**6, "1", None, True, 1.0])
async def test_an_answer_to_nothing_is_dropped(world, call_id):
    device = await world.device()
    device.send(world.fleet.gateway_id, {"jsonrpc": "2.0", "id": call_id, "result": {}})
    await until(lambda: world.count("answers_unknown") == 1, "the count")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"result": 5}, {"result": {}, "error": {"code": 1, "message": "m"}}, {"error": {}},
        {"error": {"code": "1", "message": "m"}}, {"error": {"code": True, "message": "m"}}, {"error": "text"},
        {"result": None, "error": None},
    ],
)  # fmt: skip
async def test_an_answer_that_is_none_ends_the_call_at_once(world, body):
    device = await world.device(handler=silent)
    call = world.call()
    request = (await asked(device))[0]
    device.send(world.fleet.gateway_id, {"jsonrpc": "2.0", "id": request["id"], **body})
    with pytest.raises(BadAnswer, match="neither result nor error"):
        await call


@pytest.mark.parametrize(
    "payload", [b"", b"\x00", b"\xa0", b"\xff\xff", b"\xa1\x00", b"\x84", b"\x84\x01\x05\x03\x41x", b"\x9f\xff", bytes(70000)]
)
async def test_garbage_on_the_reply_topic_harms_nobody(world, payload):
    device = await world.device(handler=silent)
    call = world.call()
    request = (await asked(device))[0]
    for topic in ("dev", "x"):
        device.bus.publish(f"mcp/1/{REALM}/g/{world.fleet.gateway_id}/r/{topic}", payload)
    device.send(world.fleet.gateway_id, answer(request))
    assert await call == {"ok": True}


async def test_garbage_on_presence_and_notification_topics_harms_nobody(world):
    device = await world.device()
    for payload in (b"\xff", b"\x00" * 100, packed.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call"})):
        for topic in ("dev/s", "x/s", "dev/n", "x/n", "!/s", "!/n"):
            device.bus.publish(f"mcp/1/{REALM}/d/{topic}", payload)
    assert (await world.call())["structuredContent"] == TEXT
    await until(lambda: world.count("presence_malformed") == 9, "nine refusals")
    await until(lambda: world.count("notifications_malformed") == 6 and world.count("notifications_dropped") == 3)


async def test_blocks_that_never_end_hold_bounded_memory_and_no_call(world):
    device = await world.device(handler=silent)
    call = world.call()
    request = (await asked(device))[0]
    topic = f"mcp/1/{REALM}/g/{world.fleet.gateway_id}/r/dev"
    for tid in range(50):
        for frame in blocks.split(bytes(3000), 512, tid)[:-1]:
            device.bus.publish(topic, frame)
    device.send(world.fleet.gateway_id, answer(request))
    assert await call == {"ok": True}
    assert world.count("answers_malformed") > 0


async def test_blocks_from_a_device_that_was_not_asked_are_dropped(world):
    device = await world.device()
    frame = blocks.split(bytes(3000), 512, 1)[0]
    device.bus.publish(f"mcp/1/{REALM}/g/{world.fleet.gateway_id}/r/dev", frame)
    await until(lambda: world.count("answers_unknown") == 1, "the count")


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


async def test_progress_is_reported_in_order_and_before_the_result(world):
    device = await world.device(handler=silent)
    seen = []

    async def progress(done, total, message):
        seen.append((done, total, message))

    call = world.call(progress=progress)
    request = (await asked(device))[0]
    assert request["params"]["_meta"]["progressToken"] == request["id"]

    def report(params, token=request["id"]):
        params = {"progressToken": token, **params}
        device.send(world.fleet.gateway_id, {"jsonrpc": "2.0", "method": "notifications/progress", "params": params})

    report({"progress": 1, "total": 3})
    await until(lambda: len(seen) == 1, "the first report")
    for bad in ({}, {"progress": "x"}, {"progress": 1, "total": "x"}, {"progress": 1, "message": 5}):
        report(bad)
    report({"progress": 2}, token=999)
    report({"progress": 2.5, "message": "nearly"})
    device.send(world.fleet.gateway_id, answer(request))
    assert await call == {"ok": True}
    assert seen == [(1, 3, None), (2.5, None, "nearly")]
    assert world.count("progress_dropped") == 5


async def test_a_slow_or_failing_progress_listener_delays_only_itself(world):
    device = await world.device(handler=silent)

    async def progress(_done, _total, _message):
        raise RuntimeError("listener is gone")

    call = world.call(progress=progress)
    request = (await asked(device))[0]
    note = {"progressToken": request["id"], "progress": 1}
    device.send(world.fleet.gateway_id, {"jsonrpc": "2.0", "method": "notifications/progress", "params": note})
    device.send(world.fleet.gateway_id, answer(request))
    assert await call == {"ok": True}


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
