# SPDX-License-Identifier: Apache-2.0
"""A connection to a broker that comes back by itself.

Sessions are clean ones: nothing waits at the broker for a device that is away, the gateway keeps what is worth keeping. What
was published with QoS 1 and not acknowledged is published again after a reconnect. What the broker allows is kept to.
"""

import asyncio

from motet_core import hosted, platform
from motet_core.errors import WireError
from motet_core.mqtt import limits, packets
from motet_core.mqtt.sure import Sure

_CHUNK = 2048
_FIRST_DELAY_MS, _LAST_DELAY_MS = 500, 30000
_ANSWER_MS = 10000
_LEAVE_S = 2
# Reasons of MQTT 5 for a refusal that waiting does not cure soon, and of a broker that speaks 3.1.1 alone.
_TAKEN_OVER = 0x8E
_WRONG_VERSIONS = (0x01, 0x84)
_NO_SUCH_QUALITY = 0x9B
# Presence and the blocks of messages must fit.
_LEAST_PACKET = 512


class Refused(Exception):
    """The broker does not take this client; the text says why."""


class Client:
    """`topics`: subscribed with QoS 1. `received`: called with (topic, payload). `changed`: called with True and False when the
    connection comes and goes. `will`: (topic, payload) or None. `log`: takes a line of text. `context`: for TLS."""

    def __init__(self, address, client_id, topics, received, changed, log, will=None, keepalive=30, limit=65536, context=None):
        self.counters = {"connects": 0, "acknowledged": 0, "malformed": 0, "too_long": 0}
        self.connected = False
        self.limits = limits.Limits()
        self._address = address
        self._id = client_id
        self._topics = topics
        self._received = received
        self._changed = changed
        self._log = log
        self._will = will
        self._keepalive = keepalive
        self._limit = limit
        self._context = context
        self._version = packets.V5
        self._writer = None
        self._writing = asyncio.Lock()
        self._sure = Sure(self._put)
        self._heard = self._said = 0
        self._silent = False
        self._ping = None

    async def run(self):
        """Connects, serves and comes back, until cancelled; then it says itself what its will would have said, and leaves."""
        delay = _FIRST_DELAY_MS
        while True:
            began = platform.clock_ms()
            why = await self._session()
            # A connection that ends at once, such as by another client of this id, is no reason to come back faster.
            if platform.clock_ms() - began > _LAST_DELAY_MS:
                delay = _FIRST_DELAY_MS
            self._log("no connection to %s: %s" % (self._address, why))
            # Spread over time, so that a thousand devices do not come back in one instant.
            await platform.sleep_ms(delay // 2 + int.from_bytes(platform.random_bytes(2), "big") * delay // 65536)
            delay = min(2 * delay, _LAST_DELAY_MS)

    async def publish(self, topic, payload, retain=False):
        """With QoS 0 -> whether there was a connection to write it to, and the broker takes packets of this length."""
        return bool(await self._put(topic, payload, None, retain, False))

    async def publish_sure(self, topic, payload, retain=False):
        """With QoS 1: goes out now or after the next connect, again until the broker acknowledges it. Waits for room only."""
        await self._sure.publish(topic, payload, retain)

    async def _session(self):
        """One connection from its beginning to its end -> why it ended."""
        task = asyncio.create_task(self._talk())
        self._silent = False
        self._heard = self._said = platform.clock_ms()
        watch = asyncio.create_task(self._watch(task))
        try:
            return await task
        except asyncio.CancelledError:
            if not self._silent:
                await self._leave()
                raise
            return "the broker is silent"
        except (OSError, EOFError, ValueError, Refused) as error:
            return hosted.reason(error)
        except WireError as error:
            self.counters["malformed"] += 1
            return error.message
        finally:
            watch.cancel()
            await self._close()

    async def _talk(self):
        address = self._address
        reader, writer = await hosted.open_connection(address.host, address.port, self._context)
        splitter = packets.Splitter(self._limit)
        self._writer = writer
        who = (self._id, self._keepalive, self._will, address.user, address.password, self._sure.quality, self._limit)
        await self._write(packets.connect(self._version, *who), opening=True)
        kind, _, body = await self._next(reader, splitter)
        if kind != packets.CONNACK:
            raise WireError("mqtt: the broker does not begin with CONNACK")
        self._accepted(packets.read_connack(self._version, body), limits.read(self._version, body))
        await self._begin()
        while True:
            await self._handle(*await self._next(reader, splitter))

    def _accepted(self, reason, allowed):
        if reason in _WRONG_VERSIONS and self._version == packets.V5:
            self._version = packets.V311
            raise Refused("it knows no MQTT 5; trying 3.1.1")
        if reason == _NO_SUCH_QUALITY and self._sure.quality:
            self._sure.quality = 0
            raise Refused("it takes no QoS 1; trying QoS 0")
        if reason:
            raise Refused("it refuses this client (reason %d%s)" % (reason, allowed.why and ": " + allowed.why))
        if not allowed.retain:
            raise Refused("it keeps no retained messages, and presence is one")
        if allowed.packet < _LEAST_PACKET:
            raise Refused("it takes packets of at most %d bytes, %d are needed" % (allowed.packet, _LEAST_PACKET))
        self.limits = allowed
        self._sure.connected(min(1, allowed.quality), allowed.receive)
        self.counters["connects"] += 1
        self.connected = True

    async def _begin(self):
        await self._write(packets.subscribe(self._version, self._sure.next_number(), self._topics))
        await self._sure.send()
        self._changed(True)

    async def _next(self, reader, splitter):
        while True:
            packet = splitter.next()
            if packet is not None:
                return packet
            data = await reader.read(_CHUNK)
            if not data:
                raise EOFError("the broker closed the connection")
            self._heard = platform.clock_ms()
            splitter.feed(data)

    async def _handle(self, kind, flags, body):
        if kind == packets.PUBLISH:
            topic, payload, number = packets.read_publish(self._version, flags, body)
            self._received(topic, payload)
            if number is not None:
                await self._write(packets.puback(number))
        elif kind == packets.PUBACK:
            self._settle(*packets.read_puback(self._version, body))
            await self._sure.send()
        elif kind == packets.SUBACK:
            if any(reason >= 128 for reason in packets.read_suback(self._version, body)[1]):
                raise Refused("it refuses the subscription to %s" % ", ".join(self._topics))
        elif kind == packets.DISCONNECT and self._version == packets.V5:
            reason = packets.read_disconnect(body)
            raise Refused(
                "another client has this id" if reason == _TAKEN_OVER else "it ends the connection (reason %d)" % reason
            )
        elif kind != packets.PINGRESP:
            raise WireError("mqtt: a packet of type %d is not expected" % kind)

    def _settle(self, number, reason):
        if reason >= 128:
            self._log("the broker refuses a publication (reason %d)" % reason)
        self._sure.settle(number)
        self.counters["acknowledged"] = self._sure.acknowledged

    def _alive_ms(self):
        """How long neither side is silent: as the broker wants it, and often enough to see it go."""
        told = self.limits.keepalive
        return 1000 * (min(told, self._keepalive) if told else self._keepalive)

    async def _watch(self, task):
        """Asks a silent broker for a sign of life, and ends the session when none comes."""
        while True:
            alive = self._alive_ms()
            await platform.sleep_ms(min(alive // 4, _ANSWER_MS))
            now = platform.clock_ms()
            quiet = now - self._heard
            if quiet > (alive * 3 // 2 if self.connected else _ANSWER_MS):
                self._silent = True
                task.cancel()
                return
            # A writer that waits for the broker must not keep this from seeing how long.
            if self.connected and max(quiet, now - self._said) >= alive // 2 and not self._writing.locked():
                self._ping = asyncio.create_task(self._write(packets.pingreq()))

    async def _put(self, topic, payload, number, retain, again):
        """Writes a publication -> whether there was a connection; None when it is longer than the broker takes."""
        data = packets.publish(self._version, topic, payload, number, retain, again)
        if len(data) > self.limits.packet:
            self.counters["too_long"] += 1
            self._log("a publication of %d bytes is dropped, the broker takes %d" % (len(data), self.limits.packet))
            return None
        return await self._write(data)

    async def _write(self, data, opening=False):
        async with self._writing:
            writer = self._writer
            if writer is None or not (self.connected or opening):
                return False
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                # The reader meets the same end and says so.
                return False
            self._said = platform.clock_ms()
            return True

    async def _leave(self):
        data = packets.disconnect()
        if self._will is not None:
            data = packets.publish(self._version, self._will[0], self._will[1], retain=True) + data
        try:
            await asyncio.wait_for(self._write(data), _LEAVE_S)
        except asyncio.TimeoutError:
            # The broker says it in its place, once it sees the connection end.
            pass

    async def _close(self):
        writer, self._writer = self._writer, None
        if self.connected:
            self.connected = False
            self._changed(False)
        if writer is not None:
            await hosted.close_stream(writer)
