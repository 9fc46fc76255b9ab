# SPDX-License-Identifier: Apache-2.0
"""Raw HTTP/1.1 exchanges over connections that are kept: whatever is asked, what comes back and whether something comes back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import httptools
from tests.support.fuzz_messages import Request

ANSWER_S = 10.0
# A stream that stays open tells at once what it has to tell.
_STANDING_S = 0.05


@dataclass
class Answer:
    """`status` 0: none came, `closed` says whether the gateway hung up; `complete`: the whole body is there."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = False
    closed: bool = False

    @property
    def kind(self) -> str:
        """The media type."""
        return self.headers.get("content-type", "").partition(";")[0]


class _Parser:
    def __init__(self) -> None:
        self.answer, self.keep = Answer(), False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            # The answer to HEAD announces a body and has none: what follows is looked at as one.
            self.answer.complete = True

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.answer.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        self.answer.body += data

    def on_message_complete(self) -> None:
        self.answer.complete, self.keep = True, self._parser.should_keep_alive()


class FuzzClient:
    """One connection at a time to 127.0.0.1:`port`, as the caller with this access token."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self._port, self._token = port, token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: Request) -> Answer:
        """The answer; `status` 0 when none came in time."""
        reader, writer = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
        self._streams = reader, writer
        parser = _Parser()
        try:
            writer.write(self._bytes(request))
            await self._read(reader, parser, request)
        except ConnectionError:
            parser.answer.closed = True
        if not parser.keep or parser.answer.closed or request.verb == "HEAD":
            self.close()
        return parser.answer

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    def _bytes(self, request: Request) -> bytes:
        fixed = {"host": f"127.0.0.1:{self._port}", "content-length": str(len(request.body))}
        if self._token is not None:
            fixed["authorization"] = f"Bearer {self._token}"
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**request.headers, **fixed}.items())
        return f"{request.verb} {request.path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + request.body

    async def _read(self, reader: asyncio.StreamReader, parser: _Parser, request: Request) -> None:
        standing = request.verb == "GET" or b"subscriptions/listen" in request.body
        answer, loop = parser.answer, asyncio.get_running_loop()
        # Of the whole answer: a stream that stays open says something from time to time.
        end = loop.time() + ANSWER_S
        while not answer.complete and not (request.verb == "HEAD" and answer.status):
            patience = _STANDING_S if standing and answer.status == 200 else end - loop.time()
            try:
                data = await asyncio.wait_for(reader.read(65536), patience)
            except TimeoutError:
                return
            if not data:
                answer.closed = True
                return
            parser.feed(data)
