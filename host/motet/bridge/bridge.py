# SPDX-License-Identifier: Apache-2.0
"""A serial device on the bus: line below, attachment above, and the device's own word about who it is between them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from motet_native.frame import Link

from motet.bridge.attachment import Attachment
from motet.bridge.limiter import Limiter
from motet.bridge.line import SILENCE_MS, STOPPING, Line
from motet.bus import BrokerUrl
from motet.wire import Presence, Topics, WireError, packed, valid_id
from motet.wire.faults import Faults
from motet.wire.presence import new_hello
from motet.wire.topics import checked
from motet_core.port import HELLO, NOTIFICATION, PRESENCE, REPLY, REQUEST
from motet_core.wire.blocks import Joiner

log = logging.getLogger(__name__)
device_log = logging.getLogger("motet.device")

_MTU, _WINDOW = 512, 4
# The largest message a device may send, in blocks.
_JOINED = 256 << 10
# A device that takes the hello and says nothing is asked again.
_HELLO_S = 10.0
# A device that restarted shows itself within this time, or it is gone.
_RETURN_S = 3.0
# Log lines of a device: this many at once, then so many a second.
_LOG_BURST, _LOG_RATE = 100, 20.0


class Bridge:
    """Puts the device at `serial_url` on the broker at `bus_url`; `id` names a board that has no id of its own.

    `run()` until cancelled. Port, device and broker may come and go: the retained presence record follows.
    Raises ValueError for a bad URL, realm or id.
    """

    def __init__(
        self,
        serial_url: str,
        bus_url: str,
        realm: str,
        id: str | None = None,
        *,
        baud: int = 115200,
        silence_ms: int = SILENCE_MS,
    ) -> None:
        BrokerUrl.parse(bus_url)
        self.counts = Faults(log)
        self._bus_url, self._topics = bus_url, Topics(realm)
        self._id = None if id is None else checked(id, "device id")
        self._line = Line(serial_url, baud, self, Link(mtu=_MTU, window=_WINDOW), silence_ms)
        self._joiner = Joiner(_JOINED, lambda: time.monotonic_ns() // 1_000_000)
        self._limiter = Limiter(_LOG_BURST, _LOG_RATE)
        self._record: Presence | None = None
        self._attachment: Attachment | None = None
        self._changed = asyncio.Event()
        self._hello_timer: asyncio.TimerHandle | None = None
        self._return_timer: asyncio.TimerHandle | None = None

    @property
    def device(self) -> str | None:
        """The id of the device that is there now, None when there is none."""
        return None if self._record is None else self._record.id

    @property
    def online(self) -> bool:
        """Whether a device is there and announced to the broker."""
        return self._record is not None and self._attachment is not None and self._attachment.connected

    @property
    def stats(self) -> Mapping[str, int]:
        """Counters of the line and of what was dropped."""
        return {**self._line.stats, **self.counts}

    async def run(self) -> None:
        """Serve until cancelled. Raises IdTaken when another live board has the device's id."""
        tasks = [asyncio.create_task(self._line.run()), asyncio.create_task(self._follow())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self) -> None:
        """Keep the attachment what the record says."""
        before: Presence | None = None
        try:
            while True:
                self._changed.clear()
                record, attachment = self._record, self._attachment
                if attachment is not None and not _same_boot(record, attachment.record):
                    self._attachment, before = None, attachment.record
                    # The next boot's record says it all where there is one: calls end as restarted, not as offline.
                    await attachment.close(gone=record is None or record.id != before.id)
                elif record is not None and attachment is None:
                    self._attachment = Attachment(self._bus_url, self._topics, record, before, self, self.counts)
                    await self._attachment.start()
                else:
                    await self._wait(attachment)
        finally:
            if self._attachment is not None:
                await self._attachment.close()

    async def _wait(self, attachment: Attachment | None) -> None:
        """Until the record changes, or the attachment is refused for good (IdTaken)."""
        changed = asyncio.ensure_future(self._changed.wait())
        ended = asyncio.ensure_future(attachment.ended() if attachment else asyncio.Event().wait())
        try:
            await asyncio.wait((changed, ended), return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                ended.result()
        finally:
            changed.cancel()
            ended.cancel()

    # What the line tells.

    def session_began(self) -> None:
        self._joiner.clear()
        self.say_hello()

    def session_ended(self, why: str, restarted: bool) -> None:
        self._cancel_timers()
        if self._record is None:
            return
        level = logging.INFO if why == STOPPING else logging.WARNING
        log.log(level, "device %s at %s is gone: %s", self._record.id, self._line.url, why)
        if restarted:
            self._return_timer = asyncio.get_running_loop().call_later(_RETURN_S, self._not_back)
        else:
            self._forget()

    def _not_back(self) -> None:
        self._forget()
        # Its session stands: the hello may have met a device without memory for it.
        self.say_hello()

    def _forget(self) -> None:
        self._record = None
        self._changed.set()

    def _cancel_timers(self) -> None:
        for timer in (self._hello_timer, self._return_timer):
            if timer is not None:
                timer.cancel()

    def message(self, channel: int, data: bytes) -> None:
        try:
            whole = self._joiner.feed(data)
            if whole is None:
                return
            if channel == PRESENCE:
                self._presence(whole)
            elif channel == REPLY:
                self._reply(whole)
            elif channel == NOTIFICATION:
                self._notification(whole)
            else:
                raise WireError(f"nothing is expected on channel {channel}")
        except WireError as error:
            self.counts.note("from_device_malformed", "a message of the device at %s is dropped: %s", self._line.url, error)

    def text(self, text: str) -> None:
        if not self._limiter.allows(time.monotonic()):
            self.counts["log_lines_dropped"] += 1
            return
        device_log.info("%s: %s", self.device or self._line.url, text)
        params = {"level": "info", "logger": "device", "data": text}
        if self._attachment is not None and self._attachment.connected:
            self._attachment.notify(packed.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": params}))

    # What the attachment wants.

    @property
    def limit(self) -> int:
        return self._line.limit

    def request(self, data: bytes) -> bool:
        return self._line.send(REQUEST, data)

    def cancel(self, key: int) -> None:
        self._line.cancel(key)

    def say_hello(self) -> None:
        self._line.send(HELLO, new_hello(self._id))
        if self._hello_timer is not None:
            self._hello_timer.cancel()
        if self._record is None:
            self._hello_timer = asyncio.get_running_loop().call_later(_HELLO_S, self._no_presence)

    def _no_presence(self) -> None:
        log.warning("the device at %s does not show itself after %g s; asking again", self._line.url, _HELLO_S)
        self.say_hello()

    # What the device says.

    def _presence(self, data: bytes) -> None:
        record = Presence.decode(data)
        if not record.online:
            raise WireError("presence: a device cannot say that it is offline")
        self._cancel_timers()
        self._record = record
        self._changed.set()
        if self._attachment is not None and _same_boot(record, self._attachment.record):
            self._attachment.update(record)

    def _reply(self, data: bytes) -> None:
        gateway = packed.loads(data)[1].reply_to
        if gateway is None or not valid_id(gateway):
            raise WireError("reply: reply_to is not the id of a gateway")
        if self._attachment is None:
            self.counts["dropped_to_bus"] += 1
        else:
            self._attachment.reply(gateway, data)

    def _notification(self, data: bytes) -> None:
        message, _ = packed.loads(data)
        if "method" not in message or "id" in message:
            raise WireError("notification: not a notification")
        if self._attachment is None:
            self.counts["dropped_to_bus"] += 1
        else:
            self._attachment.notify(data)


def _same_boot(record: Presence | None, other: Presence) -> bool:
    return record is not None and (record.id, record.nonce) == (other.id, other.nonce)
