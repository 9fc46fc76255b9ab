# SPDX-License-Identifier: Apache-2.0
"""One boot of one device on the bus: its own client, its will, its topics.

A last will is fixed when a client connects and names the boot, so another boot is another attachment.
"""

from __future__ import annotations

import logging
from typing import Protocol

from motet.bridge import claim
from motet.bus import Bus, BusError, Will
from motet.wire import Envelope, Json, Presence, Topics, WireError, packed, valid_id
from motet.wire.cancel import cancel_key
from motet.wire.faults import Faults
from motet_core.errors import BUSY, INVALID_REQUEST

log = logging.getLogger(__name__)

# How long answers and notifications outlive a lost broker, in seconds.
_KEEP_REPLY_S, _KEEP_NOTIFICATION_S = 30.0, 10.0


class Wire(Protocol):
    """The device's side: what an attachment hands down."""

    @property
    def limit(self) -> int:
        """Longest frame the line takes now, in bytes; 0 while the device is not there."""

    def request(self, data: bytes) -> bool:
        """A message or block for the device; False when there is no room."""

    def cancel(self, key: int) -> None:
        """Stop the call with this key."""

    def say_hello(self) -> None:
        """Make the device show itself again."""


class Attachment:
    """`start()` it with the first record of a boot, `close()` it when the device is gone.

    `before` is the last record of the boot that this bridge had before, whose retained record does not count as another's.
    """

    def __init__(self, url: str, topics: Topics, record: Presence, before: Presence | None, wire: Wire, counts: Faults) -> None:
        self.record = record
        self._topics, self._wire, self._counts = topics, wire, counts
        self._presence_topic = topics.presence(record.id)
        own = {record.nonce} if before is None else {record.nonce, before.nonce}
        will = Will(self._presence_topic, record.gone().encode())
        # The topics hold the realm, so that two realms on one broker do not share client ids.
        client_id = topics.requests(record.id).removesuffix("/q")
        self._bus = Bus(url, client_id, will=will, guard=lambda: claim.claim(url, topics, record.id, own))

    async def start(self) -> None:
        """Connect in the background."""
        self._bus.on_state(self._bus_changed)
        await self._bus.subscribe(self._topics.requests(self.record.id), self._requested, qos=0)
        self._bus.start()

    @property
    def connected(self) -> bool:
        """Whether the device is on the bus."""
        return self._bus.connected

    async def ended(self) -> None:
        """Never returns. Raises IdTaken when another board turns out to have the id."""
        await self._bus.wait_ended()

    async def close(self, gone: bool = True) -> None:
        """Leave; with `gone`, tell everybody first that the device is not there any more."""
        if gone and self._bus.connected:
            try:
                self._bus.publish(self._presence_topic, self.record.gone().encode(), retain=True)
            except BusError as error:
                log.warning("%s could not be reported as gone: %s", self.record.id, error)
        await self._bus.close()

    def update(self, record: Presence) -> None:
        """Publish a newer record of the same boot."""
        self.record = record
        self._announce()

    def reply(self, gateway: str, data: bytes) -> None:
        """Send the device's answer to a gateway; kept for a while when the broker is away."""
        topic = self._topics.replies(gateway, self.record.id)
        self._send(topic, data, 0.0 if self._bus.connected else _KEEP_REPLY_S)

    def notify(self, data: bytes) -> None:
        """Send what the device tells everybody."""
        self._send(self._topics.notifications(self.record.id), data, _KEEP_NOTIFICATION_S)

    def _send(self, topic: str, data: bytes, ttl: float) -> None:
        try:
            self._bus.publish(topic, data, qos=0, ttl=ttl)
        except BusError as error:
            self._counts.note("dropped_to_bus", "a message of %s to %s is dropped: %s", self.record.id, topic, error)

    def _announce(self) -> None:
        try:
            self._bus.publish(self._presence_topic, self.record.encode(), retain=True)
        except BusError as error:
            # It is published as soon as the bus is back.
            log.debug("presence of %s waits: %s", self.record.id, error)

    def _bus_changed(self, connected: bool) -> None:
        if connected:
            self._announce()
            # Gateways that saw the last will take only a newer record.
            self._wire.say_hello()

    def _requested(self, _topic: str, payload: bytes) -> None:
        limit = min(self.record.limit or 0, self._wire.limit)
        if not limit:
            # Not answered: the gateways are about to hear from the presence record.
            self._counts.note("requests_unreachable", "a request to %s is dropped: the device is not there", self.record.id)
        elif len(payload) > limit:
            self._refuse(payload, INVALID_REQUEST, f"frame of {len(payload)} bytes, the device takes {limit}")
        elif payload[:1] in (b"\x84", b"\x85"):
            self._pass_on(payload)
        else:
            self._message(payload)

    def _message(self, payload: bytes) -> None:
        try:
            message, envelope = packed.loads(payload)
        except WireError as error:
            self._counts.note("requests_malformed", "a request to %s is dropped: %s", self.record.id, error)
            return
        if message.get("method") == claim.METHOD:
            self._answer(envelope, claim.answer(message, self.record.nonce))
            return
        if message.get("method") == "notifications/cancelled":
            self._cancel(message.get("params"), envelope)
        self._pass_on(payload)

    def _cancel(self, params: object, envelope: Envelope) -> None:
        request = params.get("requestId") if isinstance(params, dict) else None
        if isinstance(request, int | str):
            self._wire.cancel(cancel_key(envelope.reply_to, request))

    def _pass_on(self, payload: bytes) -> None:
        if not self._wire.request(payload):
            self._refuse(payload, BUSY, "too many requests wait for the serial line already")

    def _refuse(self, payload: bytes, code: int, why: str) -> None:
        """Answer a request that the device will never see, where it can be told whose it is."""
        self._counts.note("requests_refused", "a request to %s is refused: %s", self.record.id, why)
        try:
            message, envelope = packed.loads(payload)
        except WireError:
            return
        if "id" in message:
            self._answer(envelope, {"jsonrpc": "2.0", "id": message["id"], "error": {"code": code, "message": why}})

    def _answer(self, envelope: Envelope, message: Json) -> None:
        if envelope.reply_to is not None and valid_id(envelope.reply_to):
            self.reply(envelope.reply_to, packed.dumps(message, envelope.reply_to))
