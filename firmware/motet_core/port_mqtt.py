# SPDX-License-Identifier: Apache-2.0
"""The port of a device that reaches the broker by itself, on the topics of docs/wire.md.

Nobody says hello to such a device: it has a clock and random numbers of its own, and greets itself after each connect, which
makes it announce itself. Its last will is the offline record of its boot.
"""

import asyncio

from motet_core import hosted, platform
from motet_core.errors import WireError
from motet_core.mqtt.client import Client
from motet_core.port import HELLO, NOTIFICATION, PRESENCE, REPLY, REQUEST, QueuePort
from motet_core.wire import hello, packed, presence

_WAITING = 32
_KEEP_MS = 30000
# What is around a frame in a packet beside its topic, and the longest name of a gateway in that.
_AROUND, _LONGEST_NAME = 16, 32


class MqttPort(QueuePort):
    """`address`: mqtt.address.Address. `realm`, `id`: parts of the topics, valid ones. `limit`: longest frame in bytes.
    `context`: of hosted.tls_context, when the address asks for TLS."""

    def __init__(self, address, realm, id, limit=4096, keepalive=30, context=None, log=print):
        super().__init__(limit)
        self.id = id
        self.nonce = platform.random_bytes(8)
        self._log = log
        self._base = "mcp/1/%s/d/%s/" % (realm, id)
        self._gateways = "mcp/1/%s/g/" % realm
        self._there = asyncio.Event()
        self._route = None
        self._dropped = {"to_device": 0, "to_bus": 0}
        will = (self._base + "s", presence.encode(state=presence.OFFLINE, nonce=self.nonce, sequence=0, id=id))
        self.client = Client(
            address, "motet-" + id, [self._base + "q"], self._take_in, self._changed, log, will, keepalive, 2 * limit, context
        )

    async def run(self):
        await self.client.run()

    def route(self, channel, data):
        """Called with each whole message before its frames are sent."""
        self._route = packed.loads(data)[1].reply_to if channel == REPLY else None

    async def send(self, channel, data):
        if channel == PRESENCE:
            await self.client.publish_sure(self._base + "s", data, retain=True)
            return
        topic = self._base + "n" if channel == NOTIFICATION else self._reply_topic()
        if topic is None or not (await self._connection() and await self.client.publish(topic, data)):
            self._dropped["to_bus"] += 1

    def log(self, text):
        self._log(text)

    def stats(self):
        counters = dict(self.client.counters)
        for way in self._dropped:
            counters["dropped_" + way] = self._dropped[way]
        return counters

    def _reply_topic(self):
        if not presence.valid_id(self._route):
            return None
        return "%s%s/r/%s" % (self._gateways, self._route, self.id)

    async def _connection(self):
        """Waits for one, as long as an answer is worth keeping -> whether it is there."""
        if not self.client.connected:
            waiting = asyncio.create_task(self._give_up())
            try:
                await self._there.wait()
            finally:
                waiting.cancel()
        return self.client.connected

    async def _give_up(self):
        await platform.sleep_ms(_KEEP_MS)
        self._there.set()

    def _changed(self, connected):
        if not connected:
            self._there.clear()
            return
        longest = len(self._gateways) + _LONGEST_NAME + len("/r/") + len(self.id)
        self.send_limit = min(self.limit, self.client.limits.packet - _AROUND - longest)
        self._there.set()
        self.deliver(HELLO, hello.encode(time_ms=hosted.unix_ms(), nonce=self.nonce, id=self.id))

    def _take_in(self, topic, payload):
        if topic != self._base + "q":
            raise WireError("mqtt: a publication that was not subscribed to")
        if len(payload) > self.limit or len(self._inbox) >= _WAITING:
            self._dropped["to_device"] += 1
            return
        self.deliver(REQUEST, payload)
