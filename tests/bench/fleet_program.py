# SPDX-License-Identifier: Apache-2.0
"""Many virtual devices in one process, each with an MQTT connection, a last will and a presence record of its own.

python -m tests.bench.fleet_program HOST PORT REALM DEVICES: prints "ready" each time all of them are connected and the broker has
acknowledged every presence record; comes back after a lost connection as the firmware's client does; a line "reboot" on standard
input makes all of them boot anew. Ends with its standard input.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import sys
from typing import Any

import uvloop

from motet.wire import Json, Presence, Topics, packed
from motet_core.mqtt import packets
from motet_core.wire.blocks import split
from motet_core.wire.catalogue import hash_lists, hash_packed

# As motet_core/mqtt/client.py.
FIRST_DELAY_S, LAST_DELAY_S = 0.5, 30.0
BOARDS = ("pump", "valve", "meter", "press", "lamp")
VERBS = ("start", "stop", "state", "limit", "log")
LIMIT, MAX_TOTAL = 1024, 8192


def device_id(number: int) -> str:
    """The name of device `number`; its board is one of BOARDS."""
    return f"{BOARDS[number % len(BOARDS)]}-{number:05d}"


class Kind:
    """What all devices of one board have: five tools and two sensors."""

    def __init__(self, board: str) -> None:
        schema = {
            "type": "object",
            "properties": {"value": {"type": "integer"}, "unit": {"type": "string"}},
            "required": ["value"],
        }
        text = f"of the {board}. Answers with the value that it was given, and with the device's name."
        self.board = board
        self.tools = [
            {
                "name": f"{board}.{verb}",
                "title": f"{verb} {board}",
                "description": f"{verb.title()} {text}",
                "inputSchema": schema,
            }
            for verb in VERBS
        ]
        self.resources = [
            {"uri": f"device://sensors/{name}", "name": name, "mimeType": "application/json"}
            for name in ("temperature", "current")
        ]
        self.catalogue = hash_packed([packed.pack(tool) for tool in self.tools])
        self.offers = hash_lists([[packed.pack(one) for one in self.resources], [], []])

    def answer(self, device: str, method: str, params: Json) -> Json:
        """The result, or error, of a request."""
        if method == "tools/call":
            value = {"device": device, **params["arguments"]}
            return {"result": {"resultType": "complete", "content": [], "structuredContent": value, "isError": False}}
        lists: dict[str, Json] = {
            "tools/list": {"tools": self.tools},
            "resources/list": {"resources": self.resources},
            "resources/templates/list": {"resourceTemplates": []},
            "prompts/list": {"prompts": []},
            "message.subscriptions": {},
        }
        found = lists.get(method)
        return {"error": {"code": -32601, "message": "unknown method"}} if found is None else {"result": found}


class Device(asyncio.Protocol):
    """One device; `world` counts those that are there."""

    def __init__(self, world: World, number: int, kind: Kind) -> None:
        self.id, self._world, self._kind = device_id(number), world, kind
        self._transport: Any = None
        self._delay = FIRST_DELAY_S
        self.boot()

    def boot(self) -> None:
        """It has just been switched on."""
        self._nonce, self._sequence = secrets.token_bytes(8), 0

    def drop(self) -> None:
        """The connection ends without a goodbye."""
        if self._transport is not None:
            self._transport.abort()

    async def connect(self) -> None:
        """Once; again later when it fails."""
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, *self._world.broker)
        except OSError:
            self._later()

    def _later(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._delay * random.uniform(0.5, 1.5), lambda: self._world.begin(self))
        self._delay = min(2 * self._delay, LAST_DELAY_S)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._splitter = transport, packets.Splitter(1 << 16)
        topic = self._world.topics.presence(self.id)
        gone = Presence(self.id, 0, self._nonce, 0).encode()
        self._transport.write(packets.connect(packets.V5, self.id, 600, (topic, gone)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._world.gone(self)
        self._later()

    def data_received(self, data: bytes) -> None:
        self._splitter.feed(data)
        while self._transport is not None and (packet := self._splitter.next()) is not None:
            kind, flags, body = packet
            if kind == packets.CONNACK and packets.read_connack(packets.V5, body) == 0:
                self._announce()
            elif kind == packets.PUBACK:
                self._world.there(self)
            elif kind == packets.PUBLISH:
                self._received(*packets.read_publish(packets.V5, flags, body))

    def _announce(self) -> None:
        self._sequence += 1
        record = Presence(
            id=self.id, state=1, nonce=self._nonce, sequence=self._sequence, dictionary=1, limit=LIMIT, max_total=MAX_TOTAL,
            catalogue=self._kind.catalogue, firmware="virtual 1", board=self._kind.board, reset_reason="power_on",
            offers=self._kind.offers, messages=0,
        )  # fmt: skip
        topics = self._world.topics
        self._transport.write(
            packets.subscribe(packets.V5, 1, [topics.requests(self.id)])
            + packets.publish(packets.V5, topics.presence(self.id), record.encode(), 2, retain=True)
        )

    def _received(self, _topic: str, payload: bytes, number: int | None) -> None:
        if number is not None:
            self._transport.write(packets.puback(number))
        message, envelope = packed.loads(payload)
        self._world.requests += 1
        if "id" not in message or envelope.reply_to is None:
            return
        answer = self._kind.answer(self.id, message["method"], message.get("params", {}))
        whole = packed.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}, envelope.reply_to)
        topic = self._world.topics.replies(envelope.reply_to, self.id)
        for frame in split(whole, LIMIT, secrets.randbits(32)):
            self._transport.write(packets.publish(packets.V5, topic, frame))


class World:
    """All devices, and how many connects are under way at most: as many as a listening socket lets wait."""

    def __init__(self, host: str, port: int, realm: str, devices: int) -> None:
        self.broker, self.topics, self.requests = (host, port), Topics(realm), 0
        kinds = [Kind(board) for board in BOARDS]
        self._all = [Device(self, number, kinds[number % len(kinds)]) for number in range(devices)]
        self._there: set[Device] = set()
        self._turns = asyncio.Semaphore(64)
        self._connecting: set[asyncio.Task[None]] = set()

    def begin(self, device: Device) -> None:
        """Connect it, in its turn."""
        task = asyncio.create_task(self._connect(device))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, device: Device) -> None:
        async with self._turns:
            await device.connect()

    def there(self, device: Device) -> None:
        """Its presence is with the broker."""
        self._there.add(device)
        if len(self._there) == len(self._all):
            print("ready", flush=True)

    def gone(self, device: Device) -> None:
        """Its connection is lost."""
        self._there.discard(device)

    async def run(self) -> None:
        """Until standard input ends."""
        for device in self._all:
            self.begin(device)
        while (line := await asyncio.to_thread(sys.stdin.readline)) != "":
            if line.strip() == "reboot":
                for device in self._all:
                    device.boot()
                    device.drop()


async def main(host: str, port: str, realm: str, devices: str) -> None:
    """See the module."""
    await World(host, int(port), realm, int(devices)).run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
