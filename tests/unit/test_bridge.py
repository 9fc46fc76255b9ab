# SPDX-License-Identifier: Apache-2.0
"""A device behind a serial line is a device on the bus, whatever line, board and broker do."""

import asyncio
import contextlib

import pytest
from motet_native import cancel_pending
from tests.support.brokers import crashable
from tests.support.core_device import ProcessDevice, Scripted, core_device
from tests.support.noisy import Faults, NoisyRelay
from tests.support.waiting import until

from motet.bridge import Bridge, IdTaken
from motet.bridge import bridge as bridge_module
from motet.bus import Bus
from motet.fleet import DeviceOffline, DeviceRestarted, DeviceTimeout, Fleet, FleetError
from motet.wire import Presence, Topics, packed
from motet_core.port import HELLO, NOTIFICATION, PRESENCE, REPLY
from motet_core.wire import blocks

pytestmark = pytest.mark.anyio
REALM = "test"
TOPICS = Topics(REALM)


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Inbox(list):
    def __call__(self, topic, payload):
        self.append((topic, payload))


class World:
    """A broker, a fleet behind it, bridges on demand."""

    def __init__(self, broker, stack, bus, fleet):
        self.broker, self.stack, self.bus, self.fleet, self.events = broker, stack, bus, fleet, []
        fleet.add_listener(lambda event: self.events.append((event.kind, event.device.id)))

    def bridge(self, url, device_id=None, broker_url=None, **settings):
        bridge = Bridge(url, broker_url or self.broker.url, REALM, device_id, **settings)
        bridge.task = asyncio.create_task(bridge.run())
        self.stack.push_async_callback(self.stop, bridge)
        return bridge

    async def stop(self, bridge):
        bridge.task.cancel()
        await asyncio.gather(bridge.task, return_exceptions=True)

    async def happens(self, kind, device="dev"):
        """Wait for an event; it and those before it are looked at."""
        await until(lambda: (kind, device) in self.events, f"{kind} of {device}", 20)
        del self.events[: self.events.index((kind, device)) + 1]

    async def vitals(self, device="dev"):
        return (await self.fleet.call_tool(device, "vitals.read", {}, 20))["structuredContent"]


@pytest.fixture
async def world():
    with crashable() as broker:
        async with contextlib.AsyncExitStack() as stack:
            bus = await Bus.connect(broker.url, "gateway-test")
            stack.push_async_callback(bus.close)
            fleet = Fleet(bus, REALM)
            made = World(broker, stack, bus, fleet)
            await fleet.start()
            stack.push_async_callback(fleet.close)
            yield made


@pytest.fixture
def board():
    device = ProcessDevice()
    yield device
    device.kill()


async def test_tools_of_a_serial_device_can_be_called(world):
    async with core_device() as url:
        bridge = world.bridge(url, "dev")
        await world.happens("tools")
        assert (await world.vitals())["board"] == "linux"
        assert bridge.online and bridge.device == "dev" and bridge.stats["frames_in"] > 0


async def test_a_board_with_an_id_of_its_own_keeps_it(world):
    async with core_device("mine") as url:
        bridge = world.bridge(url, "given")
        await world.happens("tools", "mine")
        assert bridge.device == "mine"


@pytest.mark.parametrize(
    "faults",
    [
        Faults(bit=1e-4),
        Faults(lose=5e-4),
        Faults(double=0.05),
        Faults(stall=0.05, stall_s=0.3),
        Faults(bit=3e-4, lose=2e-4, double=0.02),
    ],
    ids=["bit errors", "lost bytes", "doubled chunks", "stalls", "all of it"],
)
async def test_on_a_bad_line_every_call_is_answered_and_none_wrongly(world, faults):
    async with core_device() as url, NoisyRelay(int(url.rpartition(":")[2]), faults, seed=7) as relay:
        world.bridge(f"socket://127.0.0.1:{relay.port}", "dev")
        await world.happens("tools")
        before = (await world.vitals())["calls"]["calls"]
        for number in range(1, 61):
            assert (await world.vitals())["calls"]["calls"] == before + number
        assert relay.flipped + relay.lost + relay.doubled + relay.stalled > 0
        assert set(world.fleet.counters().values()) <= {0}


async def test_a_cut_line_is_an_absence_and_a_mended_one_a_return(world):
    async with core_device() as url, NoisyRelay(int(url.rpartition(":")[2])) as relay:
        world.bridge(f"socket://127.0.0.1:{relay.port}", "dev")
        await world.happens("tools")
        relay.cut()
        await world.happens("departed")
        await world.happens("arrived")
        assert (await world.vitals())["board"] == "linux"


async def test_a_silent_line_is_an_absence_and_its_first_word_a_return(world):
    async with core_device() as url, NoisyRelay(int(url.rpartition(":")[2])) as relay:
        world.bridge(f"socket://127.0.0.1:{relay.port}", "dev", silence_ms=300)
        await world.happens("tools")
        relay.hold()
        call = asyncio.create_task(world.vitals())
        await world.happens("departed")
        with pytest.raises(DeviceOffline):
            await call
        relay.resume()
        await world.happens("arrived")
        assert (await world.vitals())["board"] == "linux"


async def test_a_killed_board_ends_its_calls_at_once_and_comes_back_as_another_boot(world, board):
    world.bridge(board.url, "dev")
    await world.happens("tools")
    first = world.fleet.get("dev").nonce
    calls = [asyncio.create_task(world.vitals()) for _ in range(3)]
    await asyncio.sleep(0)
    board.kill()
    for outcome in await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10):
        assert isinstance(outcome, DeviceOffline | DeviceRestarted | dict)
    board.start()
    await world.happens("arrived")
    assert world.fleet.get("dev").nonce != first
    assert (await world.vitals())["board"] == "linux"


async def test_a_board_that_restarts_on_its_line_ends_its_calls_as_restarted(world):
    async with Scripted().serving() as device:
        world.bridge(device.url)
        await device.received.get()
        await device.send(PRESENCE, presence())
        await world.happens("arrived")
        call = asyncio.create_task(world.fleet.call("dev", "x", {}, 20))
        while (await next_request(device))[0]["method"] != "x":
            pass
        device.restart()
        while (await device.received.get())[0] != HELLO:
            pass
        await device.send(PRESENCE, presence(nonce=b"BBBBBBBB"))
        with pytest.raises(DeviceRestarted):
            await asyncio.wait_for(call, 10)


async def test_a_board_that_restarts_and_stays_silent_is_gone(world, monkeypatch):
    monkeypatch.setattr(bridge_module, "_RETURN_S", 0.2)
    async with Scripted().serving() as device:
        world.bridge(device.url)
        await device.received.get()
        await device.send(PRESENCE, presence())
        await world.happens("arrived")
        device.restart()
        await world.happens("departed")


async def test_a_killed_broker_is_waited_out(world):
    async with core_device() as url:
        world.bridge(url, "dev")
        await world.happens("tools")
        for _ in range(2):
            world.broker.kill()
            call = asyncio.create_task(world.vitals())
            await until(lambda: not world.bus.connected, "the loss")
            world.broker.start()
            with contextlib.suppress(FleetError):
                await asyncio.wait_for(call, 25)
            await until(lambda: world.fleet.get("dev").confirmed.is_set(), "the return", 20)
            assert (await world.vitals())["board"] == "linux"


async def test_a_bridge_that_loses_the_broker_is_reported_by_its_will_and_returns(world):
    async with core_device() as url, NoisyRelay(int(world.broker.url.rpartition(":")[2])) as relay:
        world.bridge(url, "dev", broker_url=f"mqtt://127.0.0.1:{relay.port}")
        await world.happens("tools")
        relay.cut()
        await world.happens("departed")
        await world.happens("arrived")
        assert (await world.vitals())["board"] == "linux"


async def test_a_stopped_bridge_leaves_the_device_reported_as_gone(world):
    async with core_device() as url:
        bridge = world.bridge(url, "dev")
        await world.happens("tools")
        await world.stop(bridge)
        await world.happens("departed")
        inbox = Inbox()
        late = await Bus.connect(world.broker.url, "late")
        await late.subscribe(TOPICS.presence("dev"), inbox)
        await until(lambda: inbox, "the retained record")
        assert not Presence.decode(inbox[0][1]).online
        await late.close()


async def test_the_second_board_with_an_id_is_refused_and_the_first_keeps_working(world):
    async with core_device() as first, core_device() as second:
        world.bridge(first, "dev")
        await world.happens("tools")
        intruder = world.bridge(second, "dev")
        with pytest.raises(IdTaken, match="another board with the id 'dev'"):
            await asyncio.wait_for(asyncio.shield(intruder.task), 15)
        assert (await world.vitals())["board"] == "linux"
        assert [kind for kind, _ in world.events if kind in ("departed", "restarted")] == []


async def test_two_boards_that_come_at_once_end_with_one_of_them(world):
    async with core_device() as one, core_device() as other:
        bridges = [world.bridge(one, "dev"), world.bridge(other, "dev")]
        done, _ = await asyncio.wait([bridge.task for bridge in bridges], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        assert [type(task.exception()) for task in done] == [IdTaken]
        await until(lambda: any(bridge.online for bridge in bridges), "the one that stays")
        await until(lambda: world.fleet.get("dev").online and world.fleet.get("dev").tools, "its presence")
        assert (await world.vitals())["board"] == "linux"


async def test_a_record_left_behind_by_a_dead_board_is_no_obstacle(world):
    stale = Presence("dev", 1, b"deadbeef", 9, 1, 512, 4096, b"h" * 16, "old", "sim")
    world.bus.publish(TOPICS.presence("dev"), stale.encode(), retain=True)
    await world.happens("arrived")
    async with core_device() as url:
        world.bridge(url, "dev")
        await world.happens("restarted")
        await world.happens("tools")


class Endless:
    """A tool host whose tool runs until it is stopped by the cancel flag."""

    blocking = True
    stopped = 0

    def tools(self):
        return ["endless.run"]

    def describe(self, name):
        return {"name": name, "description": "Runs until it is stopped.", "inputSchema": {"type": "object"}}

    def call(self, _name, _arguments):
        while not cancel_pending():
            pass
        self.stopped += 1
        return {}, None


async def test_a_time_out_stops_what_runs_on_the_device(world):
    endless = Endless()
    async with core_device(tools=[endless]) as url:
        world.bridge(url, "dev")
        await world.happens("tools")
        with pytest.raises(DeviceTimeout):
            await world.fleet.call_tool("dev", "endless.run", {}, timeout=0.5)
        await until(lambda: endless.stopped == 1, "the stop")
        assert (await world.vitals())["board"] == "linux"


async def test_a_cancelled_caller_stops_what_runs_on_the_device(world):
    endless = Endless()
    async with core_device(tools=[endless]) as url:
        world.bridge(url, "dev")
        await world.happens("tools")
        call = asyncio.create_task(world.fleet.call_tool("dev", "endless.run", {}))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        # Whether it had begun or not: it does not run now.
        assert (await world.vitals())["board"] == "linux"


# From here on the device says what a test wants it to.


def presence(**changes):
    fields = {
        "id": "dev", "state": 1, "nonce": b"AAAAAAAA", "sequence": 1, "dictionary": 1, "limit": 512, "max_total": 4096,
        "catalogue": b"h" * 16, "firmware": "odd 1", "board": "odd", "reset_reason": None,
    }  # fmt: skip
    return Presence(**{**fields, **changes}).encode()


@pytest.fixture
async def odd(world):
    """A device that is online and then says anything."""
    async with Scripted().serving() as device:
        bridge = world.bridge(device.url)
        await device.received.get()
        await device.send(PRESENCE, presence())
        await world.happens("arrived")
        device.bridge = bridge
        yield device


async def next_request(device):
    """The next message to the device that is no hello."""
    while True:
        channel, data = await asyncio.wait_for(device.received.get(), 10)
        if channel == 1:
            return packed.loads(data)


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
