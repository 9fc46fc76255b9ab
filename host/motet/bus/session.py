# SPDX-License-Identifier: Apache-2.0
"""One connection to the broker, from CONNECT to its loss: a paho client driven by the asyncio loop.

On the loop a round trip costs half the CPU time of paho's own thread, which must wake the loop for each message. A lost
connection takes its paho client with it: paho would otherwise send old requests again after hours.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from motet.bus.errors import BusFull, BusOffline, BusRefused
from motet.bus.url import BrokerUrl

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
# How often paho may look whether a ping is due or its answer overdue.
_MISC_S = 2.0
# Bytes that may wait for a socket that takes no more.
_BACKLOG = 8 << 20
_GOODBYE_S = 1.0


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
        self._socket: socket.socket | None = None
        self._misc: asyncio.TimerHandle | None = None
        self._writing, self._backlog, self._closing = False, 0, False
        self._drained = asyncio.Event()
        self._drained.set()

    def _make_client(self, client_id: str, will: Will | None) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)
        # paho's default of 20 would make a burst of publishes wait for each other.
        client.max_inflight_messages_set(0xFFFF)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_message, client.on_subscribe = self._message, self._suback
        client.on_socket_close = self._socket_closes
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
                self._watch()
                await self._accepted
        except TimeoutError:
            raise BusOffline(f"the broker at {self._url} did not answer within {timeout:g} s") from None
        except OSError as error:
            raise BusOffline(f"the broker at {self._url} cannot be reached: {error}") from error
        finally:
            if not (self._accepted.done() and self._accepted.exception() is None):
                self._closing = True
                # A thread cannot be interrupted: what it still opens is closed when it ends.
                dialling.add_done_callback(self._give_up)

    def _give_up(self, dialling: asyncio.Future[Any]) -> None:
        if not dialling.cancelled() and dialling.exception() is None:
            self.drop()

    def _watch(self) -> None:
        found = self._client.socket()
        if not isinstance(found, socket.socket):
            raise BusOffline(f"the broker at {self._url} closed the connection at once")
        self._socket = found
        # Without it a QoS 1 exchange waits 40 ms for a delayed acknowledgement.
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(found, self._readable)
        self._misc = self._loop.call_later(_MISC_S, self._tick)
        self._flush()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> paho.MQTTMessageInfo:
        """Hand one message to the socket. Raises BusFull when the broker takes nothing more, BusOffline after a loss."""
        if self._writing:
            self._backlog += len(payload)
            if self._backlog > _BACKLOG:
                raise BusFull(f"the broker at {self._url} does not take messages fast enough")
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            raise BusFull("too many messages wait for the broker")
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BusOffline("the connection to the broker was lost")
        if self._client.want_write():
            self._flush()
        return info

    def subscribe(self, filters: list[tuple[str, int]]) -> asyncio.Future[None]:
        """Send SUBSCRIBE; the future ends with the broker's answer (BusRefused when it denies one filter)."""
        answered: asyncio.Future[None] = self._loop.create_future()
        _, mid = self._client.subscribe(filters)
        if mid is None:
            answered.set_exception(BusOffline("the connection was lost"))
        else:
            self._subscribed[mid] = answered
        self._flush()
        return answered

    def unsubscribe(self, topic_filter: str) -> None:
        """Send UNSUBSCRIBE and do not wait."""
        self._client.unsubscribe(topic_filter)
        self._flush()

    async def close(self) -> None:
        """Send what was published, then say goodbye, so that the will is not published."""
        self._closing = True
        found = self._client.socket()
        if isinstance(found, socket.socket):
            with socket.socket(fileno=os.dup(found.fileno())) as rest:
                self._client.disconnect()
                self._flush()
                with contextlib.suppress(TimeoutError, OSError):
                    async with asyncio.timeout(_GOODBYE_S):
                        await self._drained.wait()
                        await self._read_to_end(rest)
        self.drop()

    async def _read_to_end(self, rest: socket.socket) -> None:
        # Closing a socket with unread bytes resets the connection, and the goodbye may be lost with it.
        rest.setblocking(False)
        rest.shutdown(socket.SHUT_WR)
        while await self._loop.sock_recv(rest, 65536):
            pass

    def drop(self) -> None:
        """End without goodbye, as a crash would: the broker publishes the will."""
        self._closing = True
        found = self._client.socket()
        if isinstance(found, socket.socket):
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)
            self._client.loop_read()
        self._fail("the connection was closed")

    # The loop's side.

    def _readable(self) -> None:
        self._client.loop_read()
        # What TLS has decrypted already makes no socket readable.
        while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._client.loop_read()
        if self._client.want_write():
            self._flush()

    def _flush(self) -> None:
        """Write now what the socket takes; the rest when the loop says that it takes more."""
        if self._client.want_write() and not self._writing:
            self._client.loop_write()
        if self._socket is not None and self._client.want_write() != self._writing:
            self._writing = not self._writing
            if self._writing:
                self._drained.clear()
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._stop_writing(self._socket)

    def _writable(self) -> None:
        self._client.loop_write()
        self._flush()

    def _stop_writing(self, found: socket.socket) -> None:
        self._loop.remove_writer(found)
        self._writing, self._backlog = False, 0
        self._drained.set()

    def _tick(self) -> None:
        self._client.loop_misc()
        if self._socket is not None:
            self._misc = self._loop.call_later(_MISC_S, self._tick)
            self._flush()

    # paho's callbacks.

    def _socket_closes(self, _client: paho.Client, _data: Any, found: Any) -> None:
        if self._socket is not None:
            self._socket = None
            self._loop.remove_reader(found)
            self._stop_writing(found)
        if self._misc is not None:
            self._misc.cancel()

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
