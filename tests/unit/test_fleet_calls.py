# SPDX-License-Identifier: Apache-2.0
"""Every call ends, and only with an answer that is its own."""

import asyncio
import contextlib

import pytest
from tests.support.fleet_world import REALM, TEXT, answer, asked, calls_of, fleet_world, silent, withdrawn
from tests.support.waiting import until

from motet.fleet import BadAnswer, DeviceOffline, DeviceTimeout, RpcError
from motet.wire import packed
from motet_core.wire import blocks

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world():
    async with fleet_world() as made:
        yield made


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
