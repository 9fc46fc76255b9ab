# SPDX-License-Identifier: Apache-2.0
"""The MQTT client of the device core against brokers that allow little, or tell nonsense: what CONNACK says is kept to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from motet_core import platform
from motet_core.mqtt import packets
from motet_core.mqtt.address import Address
from motet_core.mqtt.client import Client
from motet_core.mqtt.packets import CONNECT, PUBLISH, SUBSCRIBE, V5

pytestmark = pytest.mark.anyio
Packet = tuple[int, int, bytes]
DEADLINE_S = 20


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Who comes back does so at once."""
    sleep = platform.sleep_ms

    async def short(ms):
        await sleep(min(ms, 100))

    monkeypatch.setattr(platform, "sleep_ms", short)


class Broker:
    """Says `answers` to one CONNECT after the other, the last again and again, and acknowledges nothing. `heard`: all packets."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.heard: asyncio.Queue[Packet] = asyncio.Queue()
        self.writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter, self.writer = packets.Splitter(1 << 20), writer
        while data := await reader.read(4096):
            splitter.feed(data)
            while (packet := splitter.next()) is not None:
                self.heard.put_nowait(packet)
                if packet[0] == CONNECT:
                    writer.write(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])
        writer.close()

    async def next(self, kind: int) -> Packet:
        """The next packet of this kind; others are read past."""
        async with asyncio.timeout(DEADLINE_S):
            while (packet := await self.heard.get())[0] != kind:
                pass
            return packet

    async def published(self) -> tuple[str, bytes, int | None]:
        _, flags, body = await self.next(PUBLISH)
        topic, payload, number = packets.read_publish(V5, flags, body)
        return topic, payload, number

    def acknowledge(self, number: int | None) -> None:
        assert self.writer and number
        self.writer.write(packets.puback(number))


def connack(properties: str = "", reason: int = 0) -> bytes:
    data = bytes.fromhex(properties)
    return bytes((0x20, 3 + len(data), 0, reason, len(data))) + data


class Device:
    """A client that is running, and what it has logged."""

    def __init__(self, port: int, keepalive: int) -> None:
        self.said: list[str] = []
        self.there = asyncio.Event()
        address = Address(f"mqtt://127.0.0.1:{port}")
        changed = lambda up: self.there.set() if up else None  # noqa: E731
        self.client = Client(address, "c", ["q"], lambda *_: None, changed, self.said.append, ("bye", b"w"), keepalive)

    async def connected(self) -> Client:
        await asyncio.wait_for(self.there.wait(), DEADLINE_S)
        return self.client


@contextlib.asynccontextmanager
async def client_of(broker: Broker, keepalive: int = 30) -> AsyncIterator[Device]:
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    device = Device(server.sockets[0].getsockname()[1], keepalive)
    running = asyncio.create_task(device.client.run())
    try:
        yield device
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.close()


async def test_no_more_is_under_way_than_the_broker_takes():
    broker = Broker(connack("210002"))
    async with client_of(broker) as device:
        client = await device.connected()
        for number in range(5):
            await client.publish_sure("t", bytes((number,)))
        first = [await broker.published() for _ in range(2)]
        assert [payload for _, payload, _ in first] == [b"\0", b"\1"]
        for _, _, number in first:
            # Each acknowledgement lets one more go.
            assert broker.heard.empty()
            broker.acknowledge(number)
            await broker.published()
        assert client.counters["acknowledged"] == 2


async def test_what_was_not_acknowledged_goes_again_as_the_new_connection_allows():
    broker = Broker(connack(), connack("210001"))
    async with client_of(broker) as device:
        client = await device.connected()
        for number in range(3):
            await client.publish_sure("t", bytes((number,)))
        sent = [await broker.published() for _ in range(3)]
        assert broker.writer
        broker.writer.close()
        for topic, payload, number in sent:
            _, flags, body = await broker.next(PUBLISH)
            assert flags & 8 and packets.read_publish(V5, flags, body) == (topic, payload, number)
            broker.acknowledge(number)


async def test_a_broker_without_qos_1_gets_qos_0_in_will_and_publications():
    broker = Broker(connack(reason=0x9B), connack("2400"))
    async with client_of(broker) as device:
        client = await device.connected()
        wills = [(await broker.next(CONNECT))[2][7] >> 3 & 3 for _ in range(2)]
        assert wills == [1, 0]
        # More than can wait for acknowledgements that never come.
        for number in range(40):
            await client.publish_sure("t", bytes((number,)))
        assert [(await broker.published())[1:] for _ in range(40)] == [(bytes((number,)), None) for number in range(40)]


async def test_the_broker_decides_how_long_silence_may_be():
    broker = Broker(connack("130001"))
    async with client_of(broker, keepalive=3600) as device:
        await device.connected()
        await broker.next(packets.PINGREQ)


async def test_a_packet_that_is_too_long_for_the_broker_is_dropped_and_told():
    broker = Broker(connack("2700000200"))
    async with client_of(broker) as device:
        client = await device.connected()
        fits = bytes(512 - 3 - 3 - 1)
        assert await client.publish("t", fits) and not await client.publish("t", fits + b"x")
        await client.publish_sure("t", bytes(600))
        await client.publish_sure("t", b"last")
        assert [(await broker.published())[1] for _ in range(2)] == [fits, b"last"]
        assert client.counters["too_long"] == 2
        assert "the broker takes 512" in device.said[-1]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (connack("2500"), "keeps no retained messages"),
        (connack("27000001ff"), "at most 511 bytes"),
        (connack("1f00036e6f70", 0x87), "reason 135: nop"),
        (connack("210000"), "a limit that is none"),
        (connack("2700000000"), "a limit that is none"),
        (connack("9900"), "none of CONNACK"),
        (connack("2400")[:-1] + b"\x02", "a limit that is none"),
        (b"\x20\x04\x00\x00\x05\x21", "cut off"),
    ],
)
async def test_a_broker_that_cannot_serve_or_tells_nonsense_is_left_with_the_reason(answer, says):
    broker = Broker(answer)
    async with client_of(broker) as device:
        for _ in range(2):
            await broker.next(CONNECT)
        assert says in device.said[0]
        assert not device.there.is_set()
    assert all(broker.heard.get_nowait()[0] != SUBSCRIBE for _ in range(broker.heard.qsize()))
