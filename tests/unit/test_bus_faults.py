# SPDX-License-Identifier: Apache-2.0
"""Brokers that hang, and cancellations at bad moments: the bus goes on or ends, and never only seems to."""

import asyncio
import contextlib

import pytest
from tests.support.brokers import crashable
from tests.support.waiting import until

from motet.bridge import claim
from motet.bus import Bus, BusOffline
from motet.bus.session import Session
from motet.bus.url import BrokerUrl
from motet.wire import Topics

pytestmark = pytest.mark.anyio

CONNACK = b"\x20\x02\x00\x00"


@contextlib.asynccontextmanager
async def hanging(greeting=b""):
    """A broker that takes connections, says `greeting` to each and nothing more: (url, list of connections)."""
    connections = []

    async def connected(_reader, writer):
        connections.append(writer)
        writer.write(greeting)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}", connections
    finally:
        server.close()
        for writer in connections:
            writer.transport.abort()
        await server.wait_closed()


async def test_a_session_with_a_broker_that_hangs_ends_as_offline_and_not_as_cancelled():
    async with hanging() as (url, _):
        session = Session(BrokerUrl.parse(url), "one", None, lambda *_: None, lambda *_: None)
        with pytest.raises(BusOffline, match="did not answer"):
            await session.open(timeout=0.05)


async def test_a_broker_that_hangs_at_first_is_tried_again(monkeypatch):
    opened = Session.open
    monkeypatch.setattr(Session, "open", lambda self: opened(self, timeout=0.05))
    async with hanging() as (url, connections):
        bus = Bus(url, "one")
        bus.start()
        await until(lambda: len(connections) > 2, "a third attempt")
        await bus.close()


async def test_a_host_name_that_is_none_is_a_broker_that_cannot_be_reached():
    with pytest.raises(BusOffline, match="cannot be reached"):
        await Bus.connect("mqtt://a..b", "one", timeout=1)


async def test_what_a_guard_raises_by_mistake_reaches_whoever_waits_and_not_whoever_closes():
    async def guard():
        raise LookupError("a mistake")

    bus = Bus("mqtt://127.0.0.1:1", "one", guard=guard)
    bus.start()
    with pytest.raises(LookupError):
        await bus.wait_ended()
    await bus.close()


async def test_an_id_is_not_taken_for_free_when_the_broker_hangs(monkeypatch):
    monkeypatch.setattr("motet.bus.client._SUBACK_S", 0.05)
    async with hanging(CONNACK) as (url, _):
        with pytest.raises(BusOffline):
            await claim.claim(url, Topics("test"), "board1", ())


async def test_an_id_is_not_taken_for_free_when_the_broker_swallows_messages(monkeypatch):
    monkeypatch.setattr(claim, "_BROKER_S", 0.2)
    monkeypatch.setattr(Bus, "publish", lambda *_, **__: None)
    with crashable() as broker, pytest.raises(BusOffline, match="cannot be known"):
        await claim.claim(broker.url, Topics("test"), "board1", ())


async def test_closing_passes_a_cancellation_on_and_closes_all_the_same():
    with crashable() as broker:
        bus = await Bus.connect(broker.url, "one")
        closing = asyncio.create_task(bus.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert not bus.connected


async def test_a_subscription_refused_in_the_background_is_told(caplog):
    async def refusing(reader, writer):
        await reader.readexactly((await reader.readexactly(2))[1])  # CONNECT
        writer.write(CONNACK)
        subscribe = await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x90\x03" + subscribe[:2] + b"\x80")

    server = await asyncio.start_server(refusing, "127.0.0.1", 0)
    async with server:
        bus = Bus(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}", "one")
        await bus.subscribe("a/b", lambda *_: None)
        bus.start()
        await until(lambda: "refused a subscription" in caplog.text, "the log line")
        await bus.close()
