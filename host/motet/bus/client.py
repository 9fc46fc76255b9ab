# SPDX-License-Identifier: Apache-2.0
"""The message bus: one MQTT 3.1.1 client that keeps itself connected, with its subscriptions, on the asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable

from paho.mqtt.client import topic_matches_sub

from motet.bus import stream
from motet.bus.errors import BusError, BusOffline, BusRefused, GuardRefused
from motet.bus.outbox import Outbox
from motet.bus.session import Session, Will
from motet.bus.url import BrokerUrl

log = logging.getLogger(__name__)

Handler = Callable[[str, bytes], None]
StateListener = Callable[[bool], None]

_FIRST_DELAY_S, _LAST_DELAY_S = 0.1, 5.0
# A connection this old was a good one: the next loss starts again with the first delay.
_GOOD_S = 5.0
_ROUTES = 4096
_SUBACK_S = 10.0


class Bus:
    """One client of one broker.

    `guard` is awaited before each attempt to connect and ends the bus for good by raising GuardRefused.
    Handlers and state listeners run on the loop and must not block; what they raise is logged.
    """

    def __init__(
        self, url: str, client_id: str, *, will: Will | None = None, guard: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._url, self._client_id, self._will, self._guard = BrokerUrl.parse(url), client_id, will, guard
        self._handlers: dict[str, tuple[Handler, int]] = {}
        self._routes: dict[str, tuple[Handler, ...]] = {}
        self._listeners: list[StateListener] = []
        self._outbox = Outbox(time.monotonic)
        self._session: Session | None = None
        self._change = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failure: BusError | None = None
        self._told = False
        self.connections = 0

    @classmethod
    async def connect(
        cls,
        url: str,
        client_id: str,
        *,
        will: Will | None = None,
        guard: Callable[[], Awaitable[None]] | None = None,
        timeout: float = 10.0,
    ) -> Bus:
        """A bus whose first connection stands. Raises BusOffline or BusRefused, ValueError for a bad URL."""
        bus = cls(url, client_id, will=will, guard=guard)
        bus.start()
        try:
            await bus.wait_connected(timeout)
        except BaseException:
            await bus.close()
            raise
        return bus

    def start(self) -> None:
        """Begin to connect, in the background and again after each loss."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"bus {self._client_id}")

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted this client and the connection stands."""
        return self._session is not None

    @property
    def pending(self) -> int:
        """How many messages with a time to live the broker has not acknowledged."""
        return len(self._outbox.unsent())

    @property
    def failure(self) -> BusError | None:
        """Why there is no connection at present: the last attempt's error, None while connected."""
        return self._failure

    async def wait_connected(self, timeout: float | None = None) -> None:
        """Return when connected. Raises BusRefused when the bus has given up, BusOffline (with the cause) on time-out."""
        try:
            async with asyncio.timeout(timeout):
                while self._session is None:
                    if self._task is None or self._task.done():
                        raise self._failure or BusOffline("the bus is closed")
                    await self._change.wait()
        except TimeoutError:
            raise self._failure or BusOffline(f"the broker at {self._url} does not answer") from None

    async def wait_ended(self) -> None:
        """Return when the bus is closed. Raises BusRefused when it has given up for good, else what its guard raised."""
        if self._task is not None:
            await asyncio.wait((self._task,))
            if not self._task.cancelled():
                self._task.result()
                if self._failure is not None:
                    raise self._failure

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, ttl: float = 0.0) -> None:
        """Send now, without waiting for the broker.

        With `ttl` (seconds; QoS 1) the message outlives a lost connection and is sent again until the broker has it or the
        time is over. Without, raises BusOffline when there is no connection. Raises BusFull when too much waits,
        ValueError for what is no topic.
        """
        if ttl > 0:
            self._publish_kept(topic, payload, retain, ttl)
        elif self._session is not None:
            self._session.publish(topic, payload, qos, retain)
        else:
            raise self._failure or BusOffline(f"not connected to the broker at {self._url}")

    def _publish_kept(self, topic: str, payload: bytes, retain: bool, ttl: float) -> None:
        # What no connection takes must not wait for the next one.
        stream.check(topic)
        message = self._outbox.add(topic, payload, retain, ttl)
        if self._session is not None:
            with contextlib.suppress(BusError):
                message.receipt = self._session.publish(topic, payload, 1, retain)

    async def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None:
        """Call `handler(topic, payload)` for matching messages, across reconnections.

        Returns after the broker's consent, at once while there is no connection. Raises BusRefused when it declines,
        TimeoutError when it does not answer, ValueError when the filter has a handler already.
        """
        if topic_filter in self._handlers:
            raise ValueError(f"{topic_filter} has a handler already")
        self._handlers[topic_filter] = (handler, qos)
        self._routes.clear()
        if self._session is not None:
            with contextlib.suppress(BusOffline):
                async with asyncio.timeout(_SUBACK_S):
                    await self._session.subscribe([(topic_filter, qos)])

    def unsubscribe(self, topic_filter: str) -> None:
        """Stop calling the filter's handler."""
        self._handlers.pop(topic_filter, None)
        self._routes.clear()
        if self._session is not None:
            self._session.unsubscribe(topic_filter)

    def again(self, topic_filter: str) -> None:
        """Have the broker send once more what it retains for a filter that has a handler (MQTT 3.1.1, 3.8.4)."""
        if self._session is not None and topic_filter in self._handlers:
            self._session.subscribe([(topic_filter, self._handlers[topic_filter][1])]).add_done_callback(self._subscribed)

    def on_state(self, listener: StateListener) -> Callable[[], None]:
        """Call `listener(connected)` after each change, once the subscriptions stand again. Returns what removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def close(self) -> None:
        """Send what is published, say goodbye, stop."""
        try:
            if self._task is not None:
                self._task.cancel()
                # Not awaited itself: its cancellation and one of this call could not be told apart.
                await asyncio.wait((self._task,))
            if self._session is not None:
                await self._session.close()
        finally:
            if self._session is not None:
                self._session.drop()
                self._session = None
            self._changed()

    async def _run(self) -> None:
        delay = _FIRST_DELAY_S
        while True:
            started = time.monotonic()
            try:
                await self._connection()
            except BusRefused as error:
                self._failed(error)
                if self._final(error):
                    return
            except BusError as error:
                self._failed(error)
            if time.monotonic() - started > _GOOD_S:
                delay = _FIRST_DELAY_S
            # Spread over time, or a thousand clients meet a broker that has just come back all at once.
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(2 * delay, _LAST_DELAY_S)

    async def _connection(self) -> None:
        """One connection from its guard to its loss, which it reports by raising BusOffline."""
        if self._guard is not None:
            await self._guard()
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def end(why: str) -> None:
            if not lost.done():
                lost.set_result(why)

        session = Session(self._url, self._client_id, self._will, self._dispatch, end)
        await session.open()
        self._established(session)
        # When this is cancelled instead, the session stays for `close` to say goodbye with.
        why = await lost
        self._session = None
        raise BusOffline(f"the connection to the broker at {self._url} was lost: {why}")

    def _established(self, session: Session) -> None:
        self._session, self._failure = session, None
        self.connections += 1
        if self._handlers:
            # The broker works in order: what is published from now on finds these subscriptions.
            session.subscribe([(name, qos) for name, (_, qos) in self._handlers.items()]).add_done_callback(self._subscribed)
        with contextlib.suppress(BusError):
            for message in self._outbox.unsent():
                message.receipt = session.publish(message.topic, message.payload, 1, message.retain)
        self._changed()

    def _subscribed(self, answer: asyncio.Future[None]) -> None:
        # Nobody waits for this answer, and without it messages would stay away for no visible reason.
        if not answer.cancelled() and isinstance(error := answer.exception(), BusRefused):
            log.error("%s", error)

    def _final(self, error: BusRefused) -> bool:
        """Whether trying again is pointless: a rule of our own said no, or the broker never wanted this client."""
        final = isinstance(error, GuardRefused) or self.connections == 0
        if final:
            log.error("%s", error)
        return final

    def _failed(self, error: BusError) -> None:
        if str(error) != str(self._failure):
            log.warning("%s", error)
        self._failure = error
        self._changed()

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()
        connected = self._session is not None
        if connected == self._told:
            return
        self._told = connected
        for listener in tuple(self._listeners):
            try:
                listener(connected)
            except Exception:
                log.exception("a listener of the bus failed")

    def _dispatch(self, topic: str, payload: bytes) -> None:
        handlers = self._routes.get(topic)
        if handlers is None:
            if len(self._routes) >= _ROUTES:
                self._routes.clear()
            handlers = tuple(handler for name, (handler, _) in self._handlers.items() if topic_matches_sub(name, topic))
            self._routes[topic] = handlers
        for handler in handlers:
            handler(topic, payload)
