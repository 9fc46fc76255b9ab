# SPDX-License-Identifier: Apache-2.0
"""A fleet whose devices live in this process: the product's router and codec, with function calls in the place of a broker."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from motet.fleet import Fleet
from motet.wire import Presence, Topics, packed
from motet_core.wire.catalogue import hash_packed

Handler = Callable[[str, bytes], None]
Json = dict[str, Any]


class LoopbackBus:
    """What the fleet uses of a bus. Devices answer tools/list with `tools`, tools/call with `answer(params)`."""

    connected, connections, failure = True, 1, None

    def __init__(self, topics: Topics, tools: list[Json], answer: Callable[[Json], Json]) -> None:
        self._topics, self._tools, self._answer = topics, tools, answer
        self._handlers: list[tuple[str, str, Handler]] = []

    def on_state(self, _listener: object) -> None:
        """The connection never changes."""

    async def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None:
        before, _, after = topic_filter.partition("+")
        self._handlers.append((before, after, handler))

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        # On a later turn of the loop, as an answer from elsewhere would come.
        asyncio.get_running_loop().call_soon(self._serve, topic, payload)

    def deliver(self, topic: str, payload: bytes) -> None:
        """Hand a message to the fleet."""
        for before, after, handler in self._handlers:
            if topic.startswith(before) and topic.endswith(after):
                handler(topic, payload)

    def _serve(self, topic: str, payload: bytes) -> None:
        request, envelope = packed.loads(payload)
        device = self._topics.device_of(topic)
        if device is None or envelope.reply_to is None or "id" not in request:
            return
        result = self._answer(request["params"]) if request["method"] == "tools/call" else {"tools": self._tools}
        reply = packed.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result})
        self.deliver(self._topics.replies(envelope.reply_to, device), reply)


async def loopback_fleet(devices: int, tools: list[Json], answer: Callable[[Json], Json]) -> Fleet:
    """A started fleet of `devices` equal devices, `device0` and so on, whose tools are known."""
    topics = Topics("bench")
    bus = LoopbackBus(topics, tools, answer)
    fleet = Fleet(bus, "bench")  # type: ignore[arg-type]
    await fleet.start()
    catalogue = hash_packed([packed.pack(tool) for tool in tools])
    for number in range(devices):
        record = Presence(
            id=f"device{number}", state=1, nonce=secrets.token_bytes(8), sequence=1, dictionary=1, limit=512, max_total=8192,
            catalogue=catalogue, firmware="bench", board="bench", reset_reason="power on",
        )  # fmt: skip
        bus.deliver(topics.presence(record.id), record.encode())
    await tools_known(fleet, devices)
    return fleet


async def tools_known(fleet: Fleet, devices: int) -> None:
    """Return when the fleet knows the tools of that many devices."""
    async with asyncio.timeout(30):
        while sum(bool(device.tools) for device in fleet.devices()) < devices:
            await asyncio.sleep(0.01)
