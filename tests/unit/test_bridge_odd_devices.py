# SPDX-License-Identifier: Apache-2.0
"""Devices and gateways may say anything; the bridge passes on what makes sense."""

import asyncio

import pytest
from tests.support.bridge_world import TOPICS, Inbox, bridge_world, next_request, odd_device, presence
from tests.support.core_device import Scripted
from tests.support.waiting import until

from motet.bridge import Bridge
from motet.bridge import bridge as bridge_module
from motet.wire import Presence, packed
from motet_core.port import HELLO, NOTIFICATION, PRESENCE, REPLY
from motet_core.wire import blocks

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world():
    async with bridge_world() as made:
        yield made


@pytest.fixture
async def odd(world):
    async with odd_device(world) as device:
        yield device


async def next_hello(device):
    while (await asyncio.wait_for(device.received.get(), 10))[0] != HELLO:
        pass


async def test_a_device_that_repeats_itself_is_one_arrival(world, odd):
    for _ in range(5):
        await odd.send(PRESENCE, presence())
    await odd.send(PRESENCE, presence(sequence=2, catalogue=b"i" * 16))
    await until(lambda: world.fleet.get("dev").record.sequence == 2, "the newer record")
    assert [kind for kind, _ in world.events] == []


@pytest.mark.parametrize("reply_to", [None, "a/b", "#", "+", "x" * 33, "$SYS"])
async def test_an_answer_to_a_bad_address_is_dropped(world, odd, reply_to):
    await odd.send(REPLY, packed.dumps({"jsonrpc": "2.0", "id": 1, "result": {}}, reply_to))
    await until(lambda: odd.bridge.counts["from_device_malformed"] == 1, "the count")


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\xff" * 512, b"\x84\x00", b"\xa0", b"\xa1\x01\x00"])
async def test_garbage_on_any_channel_leaves_the_device_online(world, odd, payload):
    for channel in range(16):
        await odd.send(channel, payload)
    await odd.send(PRESENCE, presence(sequence=2))
    await until(lambda: world.fleet.get("dev").record.sequence == 2, "the record behind it")
    assert odd.bridge.online


async def test_transfers_that_never_end_or_are_too_large_hold_bounded_memory(world, odd):
    for tid in range(20):
        for frame in blocks.split(bytes(2000), 512, tid)[:-1]:
            await odd.send(REPLY, frame)
    for frame in blocks.split(bytes(300_000), 512, 99):
        await odd.send(REPLY, frame)
    await odd.send(PRESENCE, presence(sequence=2))
    await until(lambda: world.fleet.get("dev").record.sequence == 2, "the record behind it")
    assert odd.bridge.counts["from_device_malformed"] > 16


async def test_a_device_cannot_say_that_it_is_offline(world, odd):
    await odd.send(PRESENCE, Presence("dev", 0, b"AAAAAAAA", 5).encode())
    await until(lambda: odd.bridge.counts["from_device_malformed"] == 1, "the count")
    assert world.fleet.get("dev").online


async def test_another_boot_on_the_same_line_is_a_restart(world, odd):
    await odd.send(PRESENCE, presence(nonce=b"BBBBBBBB"))
    await until(lambda: world.fleet.get("dev").online and world.fleet.get("dev").nonce == b"BBBBBBBB", "the new boot")
    call = asyncio.create_task(world.fleet.call("dev", "x", {}, 10))
    while (await next_request(odd))[0]["method"] != "x":
        pass
    call.cancel()


async def test_a_device_that_changes_its_id_leaves_the_old_one_offline(world, odd):
    await odd.send(PRESENCE, presence(id="other", sequence=2))
    await world.happens("departed", "dev")
    await world.happens("arrived", "other")


async def test_a_device_that_says_nothing_is_asked_again(world, monkeypatch):
    monkeypatch.setattr(bridge_module, "_HELLO_S", 0.1)
    async with Scripted().serving() as device:
        world.bridge(device.url, "dev")
        for _ in range(3):
            assert (await asyncio.wait_for(device.received.get(), 10))[0] == 0
        await device.send(PRESENCE, presence())
        await world.happens("arrived")


async def test_a_board_that_restarts_and_misses_the_hello_is_asked_again(world, odd, monkeypatch):
    monkeypatch.setattr(bridge_module, "_RETURN_S", 0.2)
    odd.restart()
    await next_hello(odd)
    await world.happens("departed")
    await next_hello(odd)
    await odd.send(PRESENCE, presence(nonce=b"BBBBBBBB"))
    await world.happens("arrived")


async def test_log_lines_are_messages_and_a_flood_is_not(world, odd):
    heard = []
    world.fleet.add_listener(lambda event: heard.append(event.data) if event.kind == "message" else None)
    odd.stream.log("hello")
    await until(lambda: heard == [{"level": "info", "logger": "device", "data": "hello"}], "the message")
    while not odd.bridge.counts["log_lines_dropped"]:
        odd.stream.log("again")
        await asyncio.sleep(0)
    assert world.fleet.get("dev").online


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\xff" * 100, b"\xa1\x00", bytes(600), b"\xa0" * 600])
async def test_garbage_for_the_device_stays_on_the_host(world, odd, payload):
    world.bus.publish(TOPICS.requests("dev"), payload)
    call = asyncio.create_task(world.fleet.call("dev", "marker", {}, 10))
    while (method := (await next_request(odd))[0]["method"]) != "marker":
        assert method == "tools/list"
    assert odd.bridge.counts["requests_malformed"] + odd.bridge.counts["requests_refused"] == 1
    call.cancel()


async def test_a_frame_beyond_the_device_s_limit_is_answered_with_an_error(world, odd):
    inbox = Inbox()
    await world.bus.subscribe(TOPICS.replies("someone", "dev"), inbox)
    message = {"jsonrpc": "2.0", "id": 7, "method": "x", "params": {"text": "x" * 600}}
    world.bus.publish(TOPICS.requests("dev"), packed.dumps(message, "someone"))
    await until(lambda: inbox, "the answer")
    answer = packed.loads(inbox[0][1])[0]
    assert answer["id"] == 7 and answer["error"]["code"] == -32600 and "bytes, the device takes 512" in answer["error"]["message"]


async def test_a_device_that_reads_nothing_makes_further_requests_fail_at_once(world, odd):
    inbox = Inbox()
    await world.bus.subscribe(TOPICS.replies("someone", "dev"), inbox)
    odd.stream.take = lambda: None
    for number in range(120):
        message = {"jsonrpc": "2.0", "id": number, "method": "x", "params": {"text": "x" * 400}}
        world.bus.publish(TOPICS.requests("dev"), packed.dumps(message, "someone"))
    await until(lambda: len(inbox) >= 20, "the refusals")
    assert {packed.loads(payload)[0]["error"]["code"] for _, payload in inbox} == {-32052}


async def test_what_the_device_says_while_the_broker_is_away_arrives_later(world, odd):
    inbox = Inbox()
    world.broker.kill()
    await until(lambda: not odd.bridge.online and not world.bus.connected, "the loss")
    await world.bus.subscribe(TOPICS.replies("someone", "dev"), inbox)
    await odd.send(REPLY, packed.dumps({"jsonrpc": "2.0", "id": 1, "result": {"late": True}}, "someone"))
    note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}
    for _ in range(1500):
        await odd.send(NOTIFICATION, packed.dumps(note))
    await until(lambda: odd.bridge.counts["dropped_to_bus"] > 400, "the bound of the queue")
    world.broker.start()
    await until(lambda: odd.bridge.online, "the return", 20)
    await odd.send(PRESENCE, presence(sequence=3))
    await until(lambda: world.fleet.get("dev").confirmed.is_set(), "the presence", 20)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("x", "http://b", "r"), "mqtt://"), (("x", "mqtt://b", "a/b"), "realm"), (("x", "mqtt://b", "r", "a b"), "device id")],
)
async def test_wrong_settings_are_refused_at_once(arguments, words):
    with pytest.raises(ValueError, match=words):
        Bridge(*arguments)
