# SPDX-License-Identifier: Apache-2.0
"""One connection to the broker, from CONNECT to its loss.

A lost connection takes its paho client with it: paho would otherwise send old requests again after hours.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from motet.bus.errors import BusFull, BusOffline, BusRefused
from motet.bus.pump import Pump
from motet.bus.url import BrokerUrl

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
# Bytes that may wait for a socket that takes no more.
_BACKLOG = 8 << 20


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when this client vanishes without saying goodbye."""

    topic: str
    payload: bytes


class Session:
    """Create, `open()`, use, `close()`; `on_lost` is called once when the connection ends by itself."""

    def __init__(
        self,
        url: BrokerUrl,
        client_id: str,
        will: Will | None,
        on_message: Callable[[str, bytes], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._url, self._on_message, self._on_lost = url, on_message, on_lost
        self._accepted: asyncio.Future[None] = self._loop.create_future()
        self._subscribed: dict[int, asyncio.Future[None]] = {}
        self._client = self._make_client(client_id, will)
        self._pump = Pump(self._client)
        self._backlog, self._closing = 0, False

    def _make_client(self, client_id: str, will: Will | None) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)
        # paho's default of 20 would make a burst of publishes wait for each other.
        client.max_inflight_messages_set(0xFFFF)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_message, client.on_subscribe = self._message, self._suback
        if self._url.user is not None:
            client.username_pw_set(self._url.user, self._url.password)
        if self._url.tls:
            client.tls_set_context(ssl.create_default_context())
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        return client

    async def open(self, timeout: float = 10.0) -> None:
        """Connect and wait for the broker's consent. Raises BusOffline or BusRefused, and leaves nothing open then."""
        # In a thread, because paho resolves names and connects without yielding.
        dialling = self._loop.run_in_executor(None, self._client.connect, self._url.host, self._url.port, KEEPALIVE_S)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(dialling)
                if not self._pump.start():
                    raise BusOffline(f"the broker at {self._url} closed the connection at once")
                await self._accepted
        except TimeoutError:
            raise BusOffline(f"the broker at {self._url} did not answer within {timeout:g} s") from None
        except (OSError, UnicodeError) as error:
            # UnicodeError: a host name that is none.
            raise BusOffline(f"the broker at {self._url} cannot be reached: {error}") from error
        finally:
            # The time-out, or whoever gives up waiting, cancels the future too.
            if not self._accepted.done() or self._accepted.cancelled() or self._accepted.exception() is not None:
                self._closing = True
                # A thread cannot be interrupted: what it still opens is closed when it ends.
                dialling.add_done_callback(self._give_up)

    def _give_up(self, dialling: asyncio.Future[Any]) -> None:
        if not dialling.cancelled() and dialling.exception() is None:
            self.drop()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> paho.MQTTMessageInfo:
        """Hand one message to the socket. Raises BusFull when the broker takes nothing more, BusOffline after a loss."""
        self._backlog = self._backlog + len(payload) if self._pump.writing else 0
        if self._backlog > _BACKLOG:
            raise BusFull(f"the broker at {self._url} does not take messages fast enough")
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            raise BusFull("too many messages wait for the broker")
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BusOffline("the connection to the broker was lost")
        if self._client.want_write():
            self._pump.flush()
        return info

    def subscribe(self, filters: list[tuple[str, int]]) -> asyncio.Future[None]:
        """Send SUBSCRIBE; the future ends with the broker's answer (BusRefused when it denies one filter)."""
        answered: asyncio.Future[None] = self._loop.create_future()
        _, mid = self._client.subscribe(filters)
        if mid is None:
            answered.set_exception(BusOffline("the connection was lost"))
        else:
            self._subscribed[mid] = answered
        self._pump.flush()
        return answered

    def unsubscribe(self, topic_filter: str) -> None:
        """Send UNSUBSCRIBE and do not wait."""
        self._client.unsubscribe(topic_filter)
        self._pump.flush()

    async def close(self) -> None:
        """Send what was published, then say goodbye, so that the will is not published."""
        self._closing = True
        await self._pump.say_goodbye()
        self.drop()

    def drop(self) -> None:
        """End without goodbye, as a crash would: the broker publishes the will."""
        self._closing = True
        self._pump.drop()
        self._fail("the connection was closed")

    # paho's callbacks.

    def _connected(self, _client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if self._accepted.done():
            return
        if reason.is_failure:
            self._accepted.set_exception(BusRefused(f"the broker at {self._url} refused the connection: {reason}"))
        else:
            self._accepted.set_result(None)

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._fail(f"the broker at {self._url} closed the connection: {reason}")
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._on_lost, str(reason))

    def _fail(self, why: str) -> None:
        for waiter in (self._accepted, *self._subscribed.values()):
            if not waiter.done():
                waiter.set_exception(BusOffline(why))
                waiter.exception()  # nobody may be waiting any more
        self._subscribed.clear()

    def _suback(self, _client: paho.Client, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        waiter = self._subscribed.pop(mid, None)
        if waiter is None or waiter.done():
            return
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            waiter.set_exception(BusRefused(f"the broker at {self._url} refused a subscription: {refused[0]}"))
            waiter.exception()
        else:
            waiter.set_result(None)

    def _message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            self._on_message(message.topic, bytes(message.payload))
        except Exception:
            # Whatever arrives must not end the connection.
            log.exception("handling a message failed")
