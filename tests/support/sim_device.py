# SPDX-License-Identifier: Apache-2.0
"""A light device that speaks the wire straight to the broker, for tests and load benches.

As a program it serves devices until its standard input closes: python -m tests.support.sim_device URL REALM ID [ID ...]
"""

import asyncio
import secrets
import sys

from motet.bus import Bus, Will
from motet.wire import Json, Presence, Topics, WireError, packed
from motet_core.wire.blocks import Joiner, split
from motet_core.wire.catalogue import hash_packed

ECHO = {
    "name": "sim.echo",
    "description": "Answers with its arguments.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
}


class SimDevice:
    """Answers tools/list with `tools` and tools/call with `handler(name, arguments) -> result` (default: an echo).

    A handler returning None leaves the call unanswered. `requests` holds every message received, `replies` every one sent.
    """

    def __init__(self, url, realm, device_id, tools=(ECHO,), handler=None, limit=512, max_total=8192, page=100):
        self.id, self.tools, self.handler = device_id, list(tools), handler or echo
        self.limit, self.max_total, self.page = limit, max_total, page
        self.nonce, self.sequence = secrets.token_bytes(8), 0
        self.requests: list[Json] = []
        self._topics, self._url = Topics(realm), url
        self._joiner = Joiner(max_total, lambda: 0)
        self._bus: Bus | None = None
        self._first = True

    @property
    def bus(self) -> Bus:
        assert self._bus is not None
        return self._bus

    def presence(self, **changes) -> Presence:
        """The next record."""
        self.sequence += 1
        catalogue = hash_packed([packed.pack(tool) for tool in self.tools])
        fields = {
            "id": self.id, "state": 1, "nonce": self.nonce, "sequence": self.sequence, "dictionary": 1, "limit": self.limit,
            "max_total": self.max_total, "catalogue": catalogue, "firmware": "sim 1", "board": "sim", "reset_reason": "power on",
        }  # fmt: skip
        return Presence(**{**fields, **changes})

    def announce(self, **changes) -> None:
        """Publish presence with some fields changed."""
        self.bus.publish(self._topics.presence(self.id), self.presence(**changes).encode(), retain=True, ttl=30)

    async def start(self) -> "SimDevice":
        will = Will(self._topics.presence(self.id), self.presence().gone().encode())
        self._bus = Bus(self._url, f"sim-{self.id}", will=will)
        self._bus.on_state(lambda connected: self.announce() if connected else None)
        await self._bus.subscribe(self._topics.requests(self.id), self._received, qos=0)
        self._bus.start()
        await self._bus.wait_connected(10)
        return self

    async def stop(self) -> None:
        """Leave in order: say that it is gone."""
        self.bus.publish(self._topics.presence(self.id), self.presence().gone().encode(), retain=True)
        await self.bus.close()

    def reboot(self) -> None:
        """Come back as another boot."""
        self.nonce, self.sequence = secrets.token_bytes(8), 0
        self.announce()

    def send(self, gateway: str, message: Json, as_device: str | None = None) -> None:
        """Publish a message on a gateway's reply topic."""
        self.send_bytes(gateway, packed.dumps(message, gateway), as_device)

    def send_bytes(self, gateway: str, payload: bytes, as_device: str | None = None) -> None:
        """The same with bytes of any kind, in blocks where they are larger than the limit."""
        for frame in split(payload, max(self.limit, 27), secrets.randbits(32)):
            self.bus.publish(self._topics.replies(gateway, as_device or self.id), frame, qos=0)

    def _received(self, _topic: str, payload: bytes) -> None:
        try:
            whole = self._joiner.feed(payload)
            if whole is None:
                return
            message, envelope = packed.loads(whole)
        except WireError:
            return
        self.requests.append(message)
        if "id" in message and envelope.reply_to:
            result = self._answer(message)
            if result is not None:
                self.send(envelope.reply_to, {"jsonrpc": "2.0", "id": message["id"], **result})

    def _answer(self, message: Json) -> Json | None:
        params = message.get("params", {})
        if message["method"] == "tools/list":
            start = int(params.get("cursor", 0))
            more = {"nextCursor": str(start + self.page)} if start + self.page < len(self.tools) else {}
            return {"result": {"resultType": "complete", "tools": self.tools[start : start + self.page], **more}}
        if message["method"] == "tools/call":
            result = self.handler(params["name"], params["arguments"])
            return None if result is None else {"result": result}
        return {"error": {"code": -32601, "message": "unknown method"}}


def echo(_name: str, arguments: Json) -> Json:
    """The result of a call of sim.echo."""
    text = arguments.get("text", "")
    content = [{"type": "text", "text": text}]
    return {"resultType": "complete", "content": content, "structuredContent": arguments, "isError": False}


async def _serve(url: str, realm: str, ids: list[str]) -> None:
    devices = [await SimDevice(url, realm, device_id).start() for device_id in ids]
    for device in devices:
        # A bench sends millions: keep none.
        device.requests = _Nothing()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.gather(*(device.stop() for device in devices))


class _Nothing(list):
    def append(self, _item: object) -> None: ...


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], sys.argv[3:]))
