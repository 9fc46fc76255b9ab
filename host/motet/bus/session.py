# SPDX-License-Identifier: Apache-2.0
"""One connection to the broker, from CONNECT to its loss: MQTT 3.1.1 as a protocol of the event loop.

A lost connection takes all of its state with it: what is worth sending again is in the bus's outbox. The packets are those of
the device core; what general clients do for each message beyond them would cost three times the CPU time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from motet.bus.errors import BusFull, BusOffline, BusRefused
from motet.bus.stream import UNSUBACK, Stream, check, publish, subscribe, unsubscribe
from motet.bus.url import BrokerUrl
from motet.bus.waiting import Receipt, Waiting, end
from motet_core.errors import WireError
from motet_core.mqtt import packets

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
# How often it is looked whether there was any traffic, and after how many looks without any the broker is given up.
_LOOK_S = KEEPALIVE_S / 3
_SILENT_LOOKS = 5
# Bytes that may wait for a socket that takes no more.
_BACKLOG = 8 << 20
_GOODBYE_S = 1.0
_V = packets.V311
# MQTT 3.1.1, table 3.1.
_REASONS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it does not take this client id",
    3: "it is not available",
    4: "user name or password is wrong",
    5: "not authorized",
}


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when this client vanishes without saying goodbye."""

    topic: str
    payload: bytes


_SENT = Receipt(published=True)


class Session(asyncio.Protocol):
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
        self._url, self._client_id, self._will = url, client_id, will
        self._on_message, self._on_lost = on_message, on_lost
        self._accepted: asyncio.Future[None] = self._loop.create_future()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._stream, self._waiting = Stream(), Waiting()
        self._transport: asyncio.Transport | None = None
        self._look: asyncio.TimerHandle | None = None
        self._heard, self._silent, self._closing = True, 0, False

    async def open(self, timeout: float = 10.0) -> None:
        """Connect and wait for the broker's consent. Raises BusOffline or BusRefused, and leaves nothing open then."""
        tls = ssl.create_default_context() if self._url.tls else None
        try:
            async with asyncio.timeout(timeout):
                await self._loop.create_connection(lambda: self, self._url.host, self._url.port, ssl=tls)
                await self._accepted
        except TimeoutError:
            raise BusOffline(f"the broker at {self._url} did not answer within {timeout:g} s") from None
        except (OSError, UnicodeError) as error:
            # UnicodeError: a host name that is none.
            raise BusOffline(f"the broker at {self._url} cannot be reached: {error}") from error
        finally:
            # The time-out, or whoever gives up waiting, cancels the future too.
            if not self._accepted.done() or self._accepted.cancelled() or self._accepted.exception() is not None:
                self.drop()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> Receipt:
        """Hand one message to the socket.

        Raises BusFull when the broker takes nothing more, BusOffline after a loss, ValueError for what is no topic.
        """
        check(topic)
        transport = self._transport
        if transport is None or self._closing:
            raise BusOffline("the connection to the broker was lost")
        if transport.get_write_buffer_size() > _BACKLOG:
            raise BusFull(f"the broker at {self._url} does not take messages fast enough")
        if qos == 0:
            transport.write(publish(topic, payload, None, retain))
            return _SENT
        receipt = Receipt()
        transport.write(publish(topic, payload, self._waiting.add(receipt), retain))
        return receipt

    def subscribe(self, filters: list[tuple[str, int]]) -> asyncio.Future[None]:
        """Send SUBSCRIBE; the future ends with the broker's answer (BusRefused when it denies one filter)."""
        answered: asyncio.Future[None] = self._loop.create_future()
        if self._closing:
            answered.set_exception(BusOffline("the connection was lost"))
        else:
            self._write(subscribe(self._waiting.add(answered), filters))
        return answered

    def unsubscribe(self, topic_filter: str) -> None:
        """Send UNSUBSCRIBE and do not wait."""
        if not self._closing:
            self._write(unsubscribe(self._waiting.add(None), topic_filter))

    async def close(self) -> None:
        """Send what was published, then say goodbye, so that the will is not published."""
        self._write(packets.disconnect())
        self._closing = True
        # The broker closes when it has read everything. Closing with its bytes unread would reset the connection, and the
        # goodbye be lost with it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await asyncio.shield(self._closed)
        self.drop()

    def drop(self) -> None:
        """End without goodbye, as a crash would: the broker publishes the will."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()
        self._end("the connection was closed")

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        if self._closing:
            self._transport.abort()
            return
        will = None if self._will is None else (self._will.topic, self._will.payload)
        self._transport.write(packets.connect(_V, self._client_id, KEEPALIVE_S, will, self._url.user, self._url.password))
        self._look = self._loop.call_later(_LOOK_S, self._looked)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        try:
            for kind, flags, body in self._stream.feed(data):
                if kind == packets.PUBLISH:
                    self._published(flags, body)
                else:
                    self._answered(kind, body)
        except WireError as error:
            self._lost(f"it sent what is no MQTT: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost(str(exc) if exc else "it ended")
        if not self._closed.done():
            self._closed.set_result(None)

    # What the broker says.

    def _published(self, flags: int, body: bytes) -> None:
        topic, payload, number = packets.read_publish(_V, flags, body)
        try:
            self._on_message(topic, payload)
        except Exception:
            # Whatever arrives must not end the connection.
            log.exception("handling a message failed")
        if number is not None:
            self._write(packets.puback(number))

    def _answered(self, kind: int, body: bytes) -> None:
        if kind == packets.CONNACK:
            self._welcomed(packets.read_connack(_V, body))
        elif kind == packets.PUBACK:
            self._waiting.published(packets.read_puback(_V, body)[0])
        elif kind == packets.SUBACK:
            number, reasons = packets.read_suback(_V, body)
            self._waiting.consented(number, reasons, f"the broker at {self._url}")
        elif kind == UNSUBACK:
            self._waiting.unsubscribed(packets.read_puback(_V, body)[0])

    def _welcomed(self, reason: int) -> None:
        if self._accepted.done():
            return
        if reason:
            why = _REASONS.get(reason, f"reason {reason}")
            self._accepted.set_exception(BusRefused(f"the broker at {self._url} refused the connection: {why}"))
        else:
            self._accepted.set_result(None)

    # What follows from it.

    def _write(self, packet: bytes) -> None:
        if self._transport is not None and not self._closing:
            self._transport.write(packet)

    def _looked(self) -> None:
        """Ask an idle broker whether it is still there, and give up one that does not answer."""
        self._silent = 0 if self._heard else self._silent + 1
        self._heard = False
        if self._silent >= _SILENT_LOOKS:
            self._lost("it is silent")
            return
        self._write(packets.pingreq())
        self._look = self._loop.call_later(_LOOK_S, self._looked)

    def _lost(self, why: str) -> None:
        self._end(f"the broker at {self._url} closed the connection: {why}")
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._on_lost, why)
        if self._transport is not None:
            self._transport.abort()

    def _end(self, why: str) -> None:
        if self._look is not None:
            self._look.cancel()
        end(self._accepted, BusOffline(why))
        self._waiting.fail(BusOffline(why))
