# SPDX-License-Identifier: Apache-2.0
"""Who may ask for how much at once: requests and listening streams of each caller, and of all of them together.

What this keeps is bounded: callers that do nothing are forgotten, the one first that has been quiet longest; the others are as
many as requests and streams may be open.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from mcp_types import ErrorData

from motet.config import Limits
from motet.gateway.buckets import Bucket

# Callers without a request under way.
KEPT = 4096
# How long a client should wait when nothing says how long it will take.
SOON_S = 1.0


class Shed(Exception):
    """A request is refused to keep the gateway going. `reason` is a constant word, `limit` names the setting."""

    def __init__(self, reason: str, limit: str, message: str, retry_after_s: float = SOON_S, caller: bool = True) -> None:
        super().__init__(message)
        self.reason, self.limit, self.message, self.retry_after_s = reason, limit, message, retry_after_s
        self.caller = caller
        """Whether it is the caller's own doing; else the gateway has too much to do."""


class _Caller:
    __slots__ = ("bucket", "listening", "sessions", "under_way")

    def __init__(self, bucket: Bucket) -> None:
        self.bucket, self.under_way, self.listening, self.sessions = bucket, 0, 0, 0

    @property
    def idle(self) -> bool:
        return not (self.under_way or self.listening or self.sessions)


class Visit:
    """One request that was let in, until `leave()`."""

    __slots__ = ("_bytes", "_limiter", "_listening", "_opening", "_over", "caller", "error")

    def __init__(self, limiter: Limiter, caller: str) -> None:
        self.caller, self._limiter = caller, limiter
        self._bytes, self._listening, self._opening, self._over = 0, False, False, False
        self.error: ErrorData | None = None
        """What the request ended with, where that is a matter of load."""

    def hold(self, size: int) -> None:
        """So many bytes more of its body are in memory. Raises Shed."""
        self._limiter.holds(size)
        self._bytes += size

    def listen(self) -> None:
        """From now on it waits for notifications and is no request under way any more. Raises Shed."""
        if not self._listening:
            self._limiter.listens(self.caller)
            self._listening = True

    def opens(self) -> None:
        """It wants to open a session. Raises Shed."""
        self._limiter.opens(self.caller)
        self._opening = True

    def opened(self) -> Callable[[], None] | None:
        """The session that it wanted is open; what is returned must be called when that ends. None where it wanted none."""
        if not self._opening:
            return None
        self._opening = False
        return lambda: self._limiter.closed(self.caller)

    def leave(self) -> None:
        """It is over; a second time changes nothing."""
        if not self._over:
            self._over = True
            if self._opening:
                self._opening = False
                self._limiter.closed(self.caller)
            self._limiter.left(self.caller, self._listening, self._bytes)


class Limiter:
    """Lets requests in by `limits`. `late` says by how many seconds the gateway is late with what it does."""

    def __init__(self, limits: Limits, late: Callable[[], float] = lambda: 0.0, kept: int = KEPT) -> None:
        self._limits, self._late, self._kept = limits, late, kept
        self._busy: dict[str, _Caller] = {}
        self._idle: OrderedDict[str, _Caller] = OrderedDict()
        self.under_way = self.listening = self.bytes_held = 0

    def __len__(self) -> int:
        """Callers that something is kept of."""
        return len(self._busy) + len(self._idle)

    def open(self) -> None:
        """Whether anybody is let in at present. Raises Shed."""
        limits = self._limits
        if limits.lag_s and self._late() > limits.lag_s:
            raise overloaded("gateway_lag", "lag_s", "the gateway is late with everything")
        if limits.at_once and self.under_way >= limits.at_once:
            raise overloaded("gateway_requests", "at_once", "too many requests are under way")

    def enter(self, caller: str, now: float) -> Visit:
        """Let one request in; the visit must be left. Raises Shed."""
        self.open()
        limits = self._limits
        known = self._found(caller, now)
        if limits.caller_at_once and known.under_way >= limits.caller_at_once:
            raise Shed("caller_requests", "limits.caller_at_once", "too many requests of this caller are under way")
        if wait_s := known.bucket.take(now):
            self._rest(caller, known)
            raise Shed("caller_rate", "limits.caller_per_s", "this caller asks too often", wait_s)
        known.under_way += 1
        self.under_way += 1
        self._busy[caller] = known
        return Visit(self, caller)

    def holds(self, size: int) -> None:
        """Bytes of a body come into memory. Raises Shed."""
        if self._limits.body_bytes and self.bytes_held + size > self._limits.body_bytes:
            raise overloaded("gateway_memory", "body_bytes", "too much is being sent at the same time")
        self.bytes_held += size

    def listens(self, name: str) -> None:
        """A request under way of this caller becomes a listener. Raises Shed."""
        limits, caller = self._limits, self._busy[name]
        if limits.listeners and self.listening >= limits.listeners:
            raise overloaded("gateway_listeners", "listeners", "there are too many listeners")
        if limits.caller_listeners and caller.listening >= limits.caller_listeners:
            raise Shed("caller_listeners", "limits.caller_listeners", "this caller has too many listeners already")
        caller.under_way -= 1
        self.under_way -= 1
        caller.listening += 1
        self.listening += 1

    def opens(self, name: str) -> None:
        """A session of this caller, which has a request under way. Raises Shed."""
        most, caller = self._limits.caller_sessions, self._busy[name]
        if most and caller.sessions >= most:
            raise Shed("caller_sessions", "limits.caller_sessions", "this caller has too many sessions already")
        caller.sessions += 1

    def closed(self, name: str) -> None:
        """A session of this caller is over."""
        caller = self._busy[name]
        caller.sessions -= 1
        self._settle(name, caller)

    def left(self, name: str, listening: bool, held: int) -> None:
        """A visit is over."""
        caller = self._busy[name]
        self.bytes_held -= held
        if listening:
            caller.listening -= 1
            self.listening -= 1
        else:
            caller.under_way -= 1
            self.under_way -= 1
        self._settle(name, caller)

    def _settle(self, name: str, caller: _Caller) -> None:
        if caller.idle:
            del self._busy[name]
            self._rest(name, caller)

    def _found(self, name: str, now: float) -> _Caller:
        known = self._busy.get(name) or self._idle.pop(name, None)
        return known or _Caller(Bucket(self._limits.caller_per_s, self._limits.caller_burst, now))

    def _rest(self, name: str, caller: _Caller) -> None:
        if caller.idle:
            self._idle[name] = caller
            if len(self._idle) > self._kept:
                self._idle.popitem(last=False)


def overloaded(reason: str, setting: str, what: str) -> Shed:
    """The gateway has too much to do, of what `setting` limits."""
    return Shed(reason, f"limits.{setting}", what, caller=False)
