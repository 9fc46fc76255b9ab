# SPDX-License-Identifier: Apache-2.0
"""`GET /api/v1/logs`: what devices logged lately, one JSON record per line, on request without an end."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from motet.fleet import Event, Fleet
from motet.gateway.deployments import NDJSON

KEPT = 1000
# A reader that is this far behind loses the oldest records.
BACKLOG = 1000
# Each reader that follows keeps a connection open.
READERS = 64

Record = dict[str, Any]


class DeviceLogs:
    """The last records of the fleet and those that come. `close()` ends every reader."""

    def __init__(self, fleet: Fleet) -> None:
        self._kept: deque[Record] = deque(maxlen=KEPT)
        self._readers: set[asyncio.Queue[Record | None]] = set()
        self._forget: Callable[[], None] = fleet.add_listener(self._happened)

    def routes(self) -> list[Route]:
        """The routes, for a Starlette application."""
        return [Route("/api/v1/logs", self.read)]

    def close(self) -> None:
        """Stop listening and end the streams that follow."""
        self._forget()
        for reader in self._readers:
            _put(reader, None)

    async def read(self, request: Request) -> Response:
        """`device` narrows to one device; `follow=1` keeps the stream open. 503 when too many do."""
        device, follow = request.query_params.get("device"), request.query_params.get("follow") == "1"
        if follow and len(self._readers) >= READERS:
            raise HTTPException(503, f"{READERS} readers follow the log already; try again later")
        return StreamingResponse(self._lines(device, follow), media_type=NDJSON)

    async def _lines(self, device: str | None, follow: bool) -> AsyncIterator[bytes]:
        reader: asyncio.Queue[Record | None] = asyncio.Queue(BACKLOG)
        before = list(self._kept)
        self._readers.add(reader)
        try:
            for record in before:
                if device in (None, record["device"]):
                    yield _line(record)
            while follow and (record_or_end := await reader.get()) is not None:
                if device in (None, record_or_end["device"]):
                    yield _line(record_or_end)
        finally:
            self._readers.discard(reader)

    def _happened(self, event: Event) -> None:
        if event.kind != "message":
            return
        params = event.data or {}
        level, text = str(params.get("level", "info")), params.get("data", "")
        record = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "device": event.device.id,
            "level": level,
            "text": text if isinstance(text, str) else json.dumps(text, default=str),
        }
        self._kept.append(record)
        for reader in self._readers:
            _put(reader, record)


def _put(reader: asyncio.Queue[Record | None], record: Record | None) -> None:
    if reader.full():
        reader.get_nowait()
    reader.put_nowait(record)


def _line(record: Record) -> bytes:
    return json.dumps(record).encode() + b"\n"
