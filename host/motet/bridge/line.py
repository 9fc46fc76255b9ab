# SPDX-License-Identifier: Apache-2.0
"""A serial line with the reliable link on it: whole messages in and out, sessions, signs of life.

It opens the port again whenever it is lost, and runs on callbacks and timers alone: an idle line costs nothing but a look
at the clock every two seconds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from typing import Protocol, cast

from motet_native.frame import Link

from motet.bridge.ports import Port, open_port

log = logging.getLogger(__name__)

_LOOK_S = 2.0
# A silent peer is asked for a sign of life, then given up.
_PROBE_MS, SILENCE_MS = 4_000, 15_000
_FIRST_DELAY_S, _LAST_DELAY_S = 0.1, 2.0
# Why a session ends when the bridge itself does.
STOPPING = "the bridge is stopping"
# Messages that may wait for room on the link.
_QUEUE = 64


class Owner(Protocol):
    """Who is told what comes from the line."""

    def session_began(self) -> None:
        """The peer is there; after a restart of it this is told again."""

    def session_ended(self, why: str, restarted: bool) -> None:
        """The port is gone, the peer silent, or `restarted`: then the next session begins at once."""

    def message(self, channel: int, data: bytes) -> None:
        """One message of the present session."""

    def text(self, text: str) -> None:
        """A log line of the device."""


class Line:
    """The line at `url`; `run()` keeps it open until cancelled."""

    def __init__(self, url: str, baud: int, owner: Owner, link: Link, silence_ms: int = SILENCE_MS) -> None:
        self.url = url
        self.counts: Counter[str] = Counter()
        self._baud, self._owner, self._link, self._silence_ms = baud, owner, link, silence_ms
        self._port: Port | None = None
        self._lost: asyncio.Future[str] | None = None
        self._queue: deque[tuple[int, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._session: int | None = None
        self._working = False

    @property
    def limit(self) -> int:
        """Longest message the peer takes now, in bytes; 0 without a session."""
        return self._link.limit if self._session is not None else 0

    @property
    def stats(self) -> dict[str, int]:
        """Counters of the link and of this line."""
        return {**cast(dict[str, int], self._link.stats), "resets": self._link.resets, **self.counts}

    def send(self, channel: int, data: bytes) -> bool:
        """Queue a message of at most `limit` bytes for the peer; False when too many wait or there is no session."""
        if self._session is None or len(self._queue) >= _QUEUE:
            return False
        self._queue.append((channel, data))
        self._work()
        return True

    def cancel(self, key: int) -> None:
        """Ask the peer, past everything that waits, to stop the call with this key."""
        if self._session is not None:
            self._link.cancel(key)
            self._work()

    async def run(self) -> None:
        """Open the port, again after each loss, until cancelled."""
        delay, told = _FIRST_DELAY_S, ""
        try:
            while True:
                try:
                    why, told, delay = await self._use(), "", _FIRST_DELAY_S
                except (OSError, ValueError) as error:
                    why = str(error)
                if why != told:
                    log.warning("%s: %s; trying again", self.url, why)
                told = why
                await asyncio.sleep(delay)
                delay = min(2 * delay, _LAST_DELAY_S)
        finally:
            self._leave(STOPPING)

    async def _use(self) -> str:
        """One life of the port; returns why it ended."""
        self._lost = asyncio.get_running_loop().create_future()
        self._port = await open_port(self.url, self._baud, self._received, self._port_lost)
        log.info("%s is open", self.url)
        self._work()
        return await self._lost

    def _leave(self, why: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._port is not None:
            self._port.close()
            self._port = None
        self._end(why)

    def _port_lost(self, why: str) -> None:
        self._leave(why)
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)

    def _received(self, data: bytes) -> None:
        self._link.feed(data, _now_ms())
        self._work()

    def _work(self) -> None:
        """Everything the link has to say or to do now; then sleep until its next timer."""
        if self._working:
            return  # the owner sends from within a call below: that is done before this one ends
        self._working = True
        try:
            self._take()
            self._give()
        finally:
            self._working = False

    def _take(self) -> None:
        self._follow_session()
        while (message := self._link.recv()) is not None:
            self._owner.message(*message)
        for text in self._link.take_logs():
            self._owner.text(text)

    def _give(self) -> None:
        self._send_waiting()
        while self._port is not None and (data := self._link.output(_now_ms())):
            self._port.write(data)
        if self._timer is not None:
            self._timer.cancel()
        if self._port is not None:
            delay = min(self._link.timer(_now_ms()) / 1000, _LOOK_S)
            self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        quiet = self._link.quiet(_now_ms())
        if self._session is not None and quiet > self._silence_ms:
            self._end(f"silent for {quiet / 1000:.0f} s")
        elif quiet > _PROBE_MS:
            self._link.probe()
        self._work()

    def _follow_session(self) -> None:
        session = self._link.resets
        if self._session is not None and session != self._session:
            self._end("it restarted", restarted=True)
        if self._session is None and self._link.established and self._link.quiet(_now_ms()) <= self._silence_ms:
            self._session = session
            self._owner.session_began()

    def _end(self, why: str, restarted: bool = False) -> None:
        if self._session is not None:
            self._session = None
            self.counts["dropped_with_session"] += len(self._queue)
            self._queue.clear()
            self._owner.session_ended(why, restarted)

    def _send_waiting(self) -> None:
        while self._queue and self._session is not None:
            try:
                if not self._link.send(*self._queue[0]):
                    return
            except ValueError:
                # The peer restarted and takes less than before.
                self.counts["dropped_too_long"] += 1
            self._queue.popleft()


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
