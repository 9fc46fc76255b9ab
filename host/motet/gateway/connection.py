# SPDX-License-Identifier: Apache-2.0
"""One HTTP connection: uvicorn's, with limits on what a client may send beside bodies, on how long it may take, and on how many
connections there are.

uvicorn with httptools collects heads and trailers of any size for any time, waits for ever for the rest of a body that nobody
reads and for a client that reads nothing, and connections that never ask anything would pile up.
It also writes head and body of an answer apart; here they go out together.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
HEAD_S = 15.0
# How long a client may read nothing of what it is sent.
STUCK_S = 30.0
# Requests that a client sends without waiting for the answers. Each may be a few bytes, and costs some thousand here.
MAX_AHEAD = 128
_TOO_LARGE = "431 Request Header Fields Too Large"
# What frames a chunk, for each byte in it at most: chunks of one byte are allowed.
_FRAMING = 8


class Connections:
    """Those of one server. Beyond `most` (0: any number) the one goes that was idle longest, and `turned_away` hears
    of it."""

    def __init__(self, most: int = 0, turned_away: Callable[[], None] = lambda: None) -> None:
        self._most, self._turned_away = most, turned_away
        self._open: set[BoundedConnection] = set()
        self._idle: OrderedDict[BoundedConnection, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def protocol(self, **settings: Any) -> BoundedConnection:
        """What uvicorn makes of each new connection."""
        return BoundedConnection(self, **settings)

    def came(self, connection: BoundedConnection) -> None:
        """A new connection, which has not asked anything yet."""
        self._open.add(connection)
        self._idle[connection] = None
        if self._most and len(self._open) > self._most:
            self._turned_away()
            next(iter(self._idle)).turn_away()

    def asks(self, connection: BoundedConnection) -> None:
        """It has a request under way now."""
        self._idle.pop(connection, None)

    def rests(self, connection: BoundedConnection) -> None:
        """It has none any more."""
        if connection in self._open:
            self._idle[connection] = None

    def went(self, connection: BoundedConnection) -> None:
        """It is closed."""
        self._open.discard(connection)
        self._idle.pop(connection, None)


class _Joined:
    """A transport that keeps the head of an answer until its body comes, or until the loop's next turn: a call of the system less
    for nearly every answer, and one packet instead of two."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._loop.call_soon(self._flush)
            return
        self._transport.write(data)

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BoundedConnection(HttpToolsProtocol):
    """Closes the connection when a client sends too much beside bodies, or takes too long to send or to read."""

    head_s, stuck_s = HEAD_S, STUCK_S

    def __init__(self, pool: Connections, **settings: Any) -> None:
        super().__init__(**settings)
        self._pool = pool
        self._head_timer: asyncio.TimerHandle | None = None
        self._stuck_timer: asyncio.TimerHandle | None = None
        # Bytes of the request so far: of its body, of headers and trailers, and beside its body in pieces of their own.
        self._body = self._named = self._beside = 0
        self._hosts = 0
        self._begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, _Joined(transport, self.loop))
        self._expect_head()
        self._pool.came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_done()
        self.resume_writing()
        self._pool.went(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before, self._begun = self._body, False
        super().data_received(data)
        if not self._begun:
            self._beside += len(data) - (self._body - before)
        if self._beside > MAX_HEAD_BYTES + _FRAMING * self._body:
            self._give_up(_TOO_LARGE)
        elif self._resting and self._head_timer is None and self.timeout_keep_alive_task is None:
            # The rest of a body that was not wanted, or blank lines: no more of these than a head may take.
            self._expect_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._body = self._named = self._beside = self._hosts = 0
        self._begun = True
        if self._head_timer is None:
            self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._named += len(name) + len(value)
        if self._named > MAX_HEAD_BYTES:
            # What a callback raises ends the parsing.
            raise ValueError("headers too large")
        if len(name) == 4 and name.lower() == b"host":
            self._hosts += 1
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MAX_AHEAD:
            raise ValueError("too many requests ahead of their answers")
        if self._hosts > 1:
            # RFC 9112, 3.2: what is checked and what is meant could be different ones.
            raise ValueError("more than one host")
        self._head_done()
        self._pool.asks(self)
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # There is nothing else to speak here, and the parser reads no further.
            self.cycle.keep_alive = False

    def send_400_response(self, _msg: str) -> None:
        self._give_up(_TOO_LARGE if self._named > MAX_HEAD_BYTES else "400 Bad Request")

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._resting:
            # The body of a request that was answered before.
            self._head_done()
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._resting:
            self._pool.rests(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stuck_timer is None:
            self._stuck_timer = self.loop.call_later(self.stuck_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck_timer is not None:
            self._stuck_timer.cancel()
            self._stuck_timer = None

    def turn_away(self) -> None:
        """Make room for another one."""
        self._pool.went(self)
        self._give_up("503 Service Unavailable")

    @property
    def _resting(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_s, self._give_up, "408 Request Timeout")

    def _head_done(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self, status: str) -> None:
        self._head_done()
        if self.transport.is_closing():
            return
        if not self._resting:
            if self.pipeline or self.cycle.response_started:
                # Nothing that is written now would be taken for what it is.
                self.transport.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode())
        self.transport.close()
