# SPDX-License-Identifier: Apache-2.0
"""The MQTT client of the device core against brokers that misbehave: silence, a stalled stream, refusals one after the other."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from motet_core import platform
from motet_core.mqtt import client as module
from motet_core.mqtt import packets
from motet_core.mqtt.address import Address
from motet_core.mqtt.client import Client

pytestmark = pytest.mark.anyio
CONNACK = b"\x20\x03\x00\x00\x00"


@contextlib.asynccontextmanager
async def broker(serve, keepalive=30, will=("bye", b"w")):
    """A broker that does `serve(reader, writer)` with each connection, a client of it, and the client's running."""
    tasks = []

    async def connected(reader, writer):
        tasks.append(asyncio.current_task())
        await reader.read(4096)
        with contextlib.suppress(OSError):
            await serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    address = Address(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    there = asyncio.Event()
    client = Client(address, "c", ["q"], lambda *_: None, lambda up: there.set() if up else None, str, will, keepalive)
    running = asyncio.create_task(client.run())
    try:
        yield client, there, running
    finally:
        for task in (running, *tasks):
            task.cancel()
        await asyncio.gather(running, *tasks, return_exceptions=True)
        server.close()


async def test_who_is_stopped_leaves_in_order():
    said = bytearray()
    over = asyncio.Event()

    async def serve(reader, writer):
        writer.write(CONNACK)
        while data := await reader.read(4096):
            said.extend(data)
        over.set()
        writer.close()

    async with broker(serve) as (_, there, running):
        await asyncio.wait_for(there.wait(), 20)
        running.cancel()
        await asyncio.wait_for(over.wait(), 20)
    assert said.endswith(packets.publish(packets.V5, "bye", b"w", retain=True) + packets.disconnect())


async def test_a_broker_that_reads_nothing_any_more_is_left_although_writers_wait_for_it():
    times = []
    again = asyncio.Event()

    async def serve(_reader, writer):
        times.append(1)
        if len(times) > 1:
            again.set()
        writer.write(CONNACK)
        await asyncio.Event().wait()

    async with broker(serve, keepalive=1) as (client, there, _):
        await asyncio.wait_for(there.wait(), 20)
        stuck = [asyncio.create_task(client.publish("t", bytes(4 << 20))) for _ in range(8)]
        await asyncio.wait_for(again.wait(), 20)
        await asyncio.wait(stuck, timeout=20)
        assert all(one.done() for one in stuck)


async def test_a_broker_that_takes_the_client_and_drops_it_is_asked_ever_less_often(monkeypatch):
    waits, enough = [], asyncio.Event()

    async def sleep(ms):
        # The watch of a session sleeps, too, but each time as long.
        if asyncio.current_task() is running:
            waits.append(ms)
            if len(waits) == 8:
                enough.set()
                await asyncio.Event().wait()
            return
        await asyncio.Event().wait()

    async def serve(_reader, writer):
        writer.write(CONNACK + b"\xe0\x01\x8e")
        await writer.drain()
        writer.close()

    monkeypatch.setattr(platform, "sleep_ms", sleep)
    async with broker(serve) as (client, _, running):
        await asyncio.wait_for(enough.wait(), 20)
    assert client.counters["connects"] >= 8
    assert waits[0] <= 2 * module._FIRST_DELAY_MS < waits[4] and waits[7] >= module._LAST_DELAY_MS // 2
