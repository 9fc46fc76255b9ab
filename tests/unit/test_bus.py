# SPDX-License-Identifier: Apache-2.0
"""The bus keeps its subscriptions and its promises while brokers come and go."""

import asyncio
import socket

import pytest
from tests.support.brokers import crashable
from tests.support.noisy import NoisyRelay
from tests.support.waiting import until

from motet.bus import Bus, BusOffline, BusRefused, GuardRefused, Will

pytestmark = pytest.mark.anyio


@pytest.fixture
def broker():
    with crashable() as running:
        yield running


@pytest.fixture
async def bus(broker):
    bus = await Bus.connect(broker.url, "one")
    yield bus
    await bus.close()


def relay_to(broker):
    """A network in front of a broker, that can break."""
    return NoisyRelay(int(broker.url.rpartition(":")[2]))


def address(relay):
    return f"mqtt://127.0.0.1:{relay.port}"


class Inbox(list):
    """A handler that keeps what it gets."""

    def __call__(self, topic, payload):
        self.append((topic, payload))

    async def wait(self, count=1):
        await until(lambda: len(self) >= count, f"{count} messages")
        return list(self)


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
@pytest.mark.parametrize("qos", [0, 1])
async def test_a_message_reaches_each_matching_handler(kind, qos):
    with crashable(kind) as broker:
        bus, exact, wild, other = await Bus.connect(broker.url, "one"), Inbox(), Inbox(), Inbox()
        for topic_filter, inbox in (("a/b", exact), ("a/+", wild), ("b/#", other)):
            await bus.subscribe(topic_filter, inbox, qos)
        bus.publish("a/b", b"\x00x", qos=qos)
        bus.publish("b", b"", qos=qos)
        assert await other.wait() == [("b", b"")]
        assert ("a/b", b"\x00x") in await wild.wait() and ("a/b", b"\x00x") in await exact.wait()
        await bus.close()


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
async def test_retained_messages_and_wills_work(kind):
    with crashable(kind) as broker:
        async with relay_to(broker) as relay:
            dying = await Bus.connect(address(relay), "dying", will=Will("state", b"gone"))
            dying.publish("state", b"here", retain=True, ttl=10)
            await until(lambda: not dying.pending, "the broker's acknowledgement")
            watcher, inbox = await Bus.connect(broker.url, "watcher"), Inbox()
            await watcher.subscribe("state", inbox)
            assert await inbox.wait() == [("state", b"here")]
            relay.cut()
            assert (await inbox.wait(2))[1] == ("state", b"gone")
            await dying.close()
            await watcher.close()


async def test_an_orderly_goodbye_publishes_what_waits_and_no_will(broker, bus):
    inbox = Inbox()
    await bus.subscribe("state", inbox)
    leaving = await Bus.connect(broker.url, "leaving", will=Will("state", b"will"))
    for number in range(200):
        leaving.publish("state", b"%d" % number)
    await leaving.close()
    assert [payload for _, payload in await inbox.wait(200)] == [b"%d" % number for number in range(200)]
    bus.publish("state", b"end")
    assert (await inbox.wait(201))[-1] == ("state", b"end")


async def test_after_a_crash_of_the_broker_subscriptions_stand_again(broker, bus):
    inbox, states = Inbox(), []
    bus.on_state(states.append)
    await bus.subscribe("t", inbox)
    broker.kill()
    await until(lambda: states == [False], "the loss")
    with pytest.raises(BusOffline):
        bus.publish("t", b"lost")
    broker.start()
    await until(lambda: states == [False, True], "the return")
    bus.publish("t", b"again")
    assert await inbox.wait() == [("t", b"again")]


async def test_messages_with_a_time_to_live_wait_for_the_broker_in_order(broker, bus):
    inbox = Inbox()
    await bus.subscribe("t", inbox)
    broker.kill()
    await until(lambda: not bus.connected)
    for number in range(50):
        bus.publish("t", b"%d" % number, ttl=60)
    bus.publish("t", b"too late", ttl=1e-9)
    broker.start()
    assert [payload for _, payload in await inbox.wait(50)] == [b"%d" % number for number in range(50)]
    bus.publish("t", b"end")
    assert (await inbox.wait(51))[-1] == ("t", b"end")


async def test_a_kept_message_is_sent_once_when_nothing_breaks(broker, bus):
    inbox = Inbox()
    await bus.subscribe("t", inbox)
    bus.publish("t", b"1", ttl=60)
    await inbox.wait()
    broker.kill()
    await until(lambda: not bus.connected)
    broker.start()
    await until(lambda: bus.connected)
    bus.publish("t", b"2")
    assert await inbox.wait(2) == [("t", b"1"), ("t", b"2")]


async def test_no_broker_is_told_at_once_and_with_its_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(BusOffline, match=rf"mqtt://127\.0\.0\.1:{port} cannot be reached"):
        await Bus.connect(f"mqtt://127.0.0.1:{port}", "x", timeout=0.5)


async def test_a_server_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(BusOffline):
        await Bus.connect(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", "x", timeout=0.3)


async def test_a_server_that_speaks_something_else_is_no_broker():
    async def talk(_reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 50)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    with pytest.raises(BusOffline):
        await Bus.connect(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}", "x", timeout=1)
    server.close()


async def test_a_raising_handler_or_listener_ends_nothing(bus, caplog):
    inbox = Inbox()

    def bad(_topic, _payload):
        raise RuntimeError("broken handler")

    await bus.subscribe("a", bad)
    await bus.subscribe("b", inbox)
    bus.publish("a", b"")
    bus.publish("b", b"")
    await inbox.wait()
    assert bus.connected and "broken handler" in caplog.text


async def test_a_guard_that_refuses_ends_the_bus_for_good(broker):
    async def guard():
        raise GuardRefused("not here")

    with pytest.raises(GuardRefused, match="not here"):
        await Bus.connect(broker.url, "x", guard=guard)


async def test_a_guard_is_asked_again_before_each_connection(broker):
    asked = []

    async def guard():
        asked.append(1)
        if len(asked) == 2:
            raise GuardRefused("taken meanwhile")

    async with relay_to(broker) as relay:
        bus = await Bus.connect(address(relay), "x", guard=guard)
        relay.cut()
        with pytest.raises(BusRefused, match="taken meanwhile"):
            await asyncio.wait_for(bus.wait_ended(), 10)
        await bus.close()


async def test_a_network_that_breaks_again_and_again_ends_with_everything_delivered(broker, bus):
    inbox = Inbox()
    await bus.subscribe("t", inbox)
    async with relay_to(broker) as relay:
        sender = await Bus.connect(address(relay), "sender")
        for number in range(100):
            sender.publish("t", b"%d" % number, ttl=60)
            if number % 25 == 10:
                before = relay.connections
                relay.cut()
                await until(lambda at=before: relay.connections > at and sender.connected, "the next connection")
        expected = {b"%d" % number for number in range(100)}
        await until(lambda: {payload for _, payload in inbox} == expected, "all messages")
        await sender.close()


async def test_a_large_message_passes_whole(bus):
    inbox = Inbox()
    await bus.subscribe("t", inbox)
    bus.publish("t", bytes(300_000))
    assert (await inbox.wait())[0][1] == bytes(300_000)


async def test_a_filter_has_one_handler_and_can_be_given_up(bus):
    inbox = Inbox()
    await bus.subscribe("t", inbox)
    with pytest.raises(ValueError, match="t has a handler"):
        await bus.subscribe("t", inbox)
    bus.unsubscribe("t")
    second = Inbox()
    await bus.subscribe("u", second)
    bus.publish("t", b"")
    bus.publish("u", b"")
    await second.wait()
    assert inbox == []


async def test_publishing_where_wildcards_stand_is_refused(bus):
    for ttl in (0, 60):
        with pytest.raises(ValueError):
            bus.publish("a/+", b"", ttl=ttl)
    assert bus.connected and bus.pending == 0


async def test_what_the_broker_retains_comes_once_more_when_it_is_asked_for(bus):
    inbox = Inbox()
    bus.publish("t", b"kept", retain=True)
    await bus.subscribe("t", inbox)
    await inbox.wait(1)
    bus.again("t")
    assert await inbox.wait(2) == [("t", b"kept")] * 2
    bus.again("nobody's")


async def test_a_goodbye_with_unread_messages_publishes_no_will(broker, bus):
    inbox = Inbox()
    await bus.subscribe("state", inbox)
    for _ in range(20):
        leaving = await Bus.connect(broker.url, "leaving", will=Will("state", b"will"))
        await leaving.subscribe("noise", Inbox())
        for _ in range(20):
            bus.publish("noise", bytes(1000))
        await leaving.close()
    bus.publish("state", b"end")
    assert await inbox.wait() == [("state", b"end")]


async def test_a_handler_may_publish_into_a_connection_that_is_just_lost(broker, bus):
    done = []

    def handler(_topic, _payload):
        broker.kill()
        for _ in range(50):
            bus.publish("u", bytes(100_000), ttl=0.001)
        done.append(True)

    await bus.subscribe("t", handler)
    bus.publish("t", b"")
    await until(lambda: done and not bus.connected, "the loss")
    broker.start()
    await until(lambda: bus.connected, "the return")
