# SPDX-License-Identifier: Apache-2.0
"""Many light devices in one process, each with an MQTT connection, a will and a presence record of its own, for load benches.

They know five tools, the first of which adds two numbers. As a program they serve until standard input closes:
python -m tests.support.virtual_devices URL REALM COUNT
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from typing import Any, cast

import uvloop

from motet.bus import BrokerUrl
from motet.wire import Presence, Topics, packed
from motet_core.mqtt import packets
from motet_core.wire.catalogue import hash_packed

KEEPALIVE_S = 60
_WORDS = ("add", "read_sensor", "set_output", "calibrate", "capture")


def tool(name: str) -> dict[str, Any]:
    """An entry as sensors have it: both schemas with limits, annotations."""
    numbers = {
        "channel": {"type": "integer", "minimum": 0, "maximum": 99999},
        "samples": {"type": "integer", "minimum": 1, "maximum": 99999, "default": 1},
    }
    values = {"type": "object", "properties": {"value": {"type": "number"}}, "required": ["value"]}
    return {
        "name": name,
        "title": "Tool",
        "description": "Read a sensor channel and return calibrated samples",
        "inputSchema": {"type": "object", "properties": numbers, "required": ["channel"], "additionalProperties": False},
        "outputSchema": values,
        "annotations": {"readOnlyHint": True, "idempotentHint": True},
    }


TOOLS = [tool(name) for name in _WORDS]
CATALOGUE = hash_packed([packed.pack(entry) for entry in TOOLS])


def answered(params: dict[str, Any]) -> dict[str, Any]:
    """The result of a tools/call: the sum of its two numbers."""
    result = {"value": params["arguments"]["channel"] + params["arguments"].get("samples", 1)}
    content = [{"type": "text", "text": json.dumps(result)}]
    return {"resultType": "complete", "content": content, "structuredContent": result}


class VirtualDevice(asyncio.Protocol):
    """One device; `ready` is set once the broker has taken its presence."""

    def __init__(self, realm: str, device_id: str) -> None:
        self._topics, self._id = Topics(realm), device_id
        self._splitter = packets.Splitter(1 << 20)
        self.ready = asyncio.get_running_loop().create_future()
        self._nonce = secrets.token_bytes(8)

    def _presence(self) -> Presence:
        return Presence(
            id=self._id, state=1, nonce=self._nonce, sequence=1, dictionary=1, limit=2048, max_total=8192, catalogue=CATALOGUE,
            firmware="virtual 1", board="virtual", reset_reason="power on",
        )  # fmt: skip

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        will = (self._topics.presence(self._id), self._presence().gone().encode())
        self._transport.write(packets.connect(packets.V311, f"virtual-{self._id}", KEEPALIVE_S, will))
        self._transport.write(packets.subscribe(packets.V311, 1, (self._topics.requests(self._id),)))

    def data_received(self, data: bytes) -> None:
        self._splitter.feed(data)
        while (packet := self._splitter.next()) is not None:
            kind, flags, body = packet
            if kind == packets.PUBLISH:
                self._asked(packets.read_publish(packets.V311, flags, body)[1])
            elif kind == packets.SUBACK:
                record = packets.publish(packets.V311, self._topics.presence(self._id), self._presence().encode(), 1, retain=True)
                self._transport.write(record)
            elif kind == packets.PUBACK and not self.ready.done():
                self.ready.set_result(None)

    def _asked(self, payload: bytes) -> None:
        message, envelope = packed.loads(payload)
        if "id" not in message or envelope.reply_to is None:
            return
        result = answered(message["params"]) if message["method"] == "tools/call" else {"resultType": "complete", "tools": TOOLS}
        reply = packed.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
        topic = self._topics.replies(envelope.reply_to, self._id)
        self._transport.write(packets.publish(packets.V311, topic, reply))

    def ping(self) -> None:
        """Tell the broker that the connection is still wanted."""
        self._transport.write(packets.pingreq())


async def serve(url: str, realm: str, count: int) -> None:
    """`count` devices, device0 and so on, until standard input closes."""
    loop, at, devices = asyncio.get_running_loop(), BrokerUrl.parse(url), []
    for number in range(count):
        _, device = await loop.create_connection(lambda number=number: VirtualDevice(realm, f"device{number}"), at.host, at.port)  # type: ignore[misc]
        devices.append(device)
    await asyncio.gather(*(device.ready for device in devices))
    print("ready", flush=True)
    closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    while not (await asyncio.wait((closed,), timeout=KEEPALIVE_S / 2))[0]:
        for device in devices:
            device.ping()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
