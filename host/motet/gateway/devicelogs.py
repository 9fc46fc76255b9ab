# SPDX-License-Identifier: Apache-2.0
"""`GET /api/v1/logs`: what devices and their components logged lately, one JSON record per line, on request without an end."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from motet.fleet import Event, Fleet
from motet.gateway.operations import LEVELS, NDJSON
from motet.gateway.shedding import of_request

KEPT = 1000
# A reader that is this far behind loses the oldest records.
BACKLOG = 1000
# Each reader that follows keeps a connection open.
READERS = 64

Record = dict[str, Any]


@dataclass(frozen=True)
class Filter:
    """Which records somebody wants."""

    device: str | None = None
    component: str | None = None
    least: int = 0
    since: datetime | None = None

    @classmethod
    def of(cls, request: Request) -> Filter:
        """Raises HTTPException 400."""
        asked = request.query_params
        level, since = asked.get("level", LEVELS[0]), asked.get("since")
        if level not in LEVELS:
            raise HTTPException(400, f"level: {level!r:.40} is none of {', '.join(LEVELS)}")
        try:
            start = datetime.fromisoformat(since) if since else None
        except ValueError:
            raise HTTPException(400, f"since: {since!r:.60} is no time in ISO 8601") from None
        if start is not None and start.tzinfo is None:
            start = start.replace(tzinfo=UTC)
        return cls(asked.get("device"), asked.get("component"), LEVELS.index(level), start)

    def takes(self, record: Record) -> bool:
        # A level that is none of them may be anything: it is shown.
        level = LEVELS.index(record["level"]) if record["level"] in LEVELS else len(LEVELS)
        there = self.device in (None, record["device"]) and self.component in (None, record["component"])
        return there and level >= self.least and (self.since is None or datetime.fromisoformat(record["time"]) >= self.since)


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
        """`device`, `component`, `level` (this and worse) and `since` (ISO 8601) narrow; `follow=1` keeps the stream open.

        400 for a level or a time that is none, 503 when too many follow.
        """
        wanted, follow = Filter.of(request), request.query_params.get("follow") == "1"
        if follow and len(self._readers) >= READERS:
            raise HTTPException(503, f"{READERS} readers follow the log already; try again later")
        if follow and (visit := of_request(request.scope)) is not None:
            visit.listen()
        return StreamingResponse(self._lines(wanted, follow), media_type=NDJSON)

    async def _lines(self, wanted: Filter, follow: bool) -> AsyncIterator[bytes]:
        reader: asyncio.Queue[Record | None] = asyncio.Queue(BACKLOG)
        before = list(self._kept)
        self._readers.add(reader)
        try:
            for record in before:
                if wanted.takes(record):
                    yield _line(record)
            while follow and (record_or_end := await reader.get()) is not None:
                if wanted.takes(record_or_end):
                    yield _line(record_or_end)
        finally:
            self._readers.discard(reader)

    def _happened(self, event: Event) -> None:
        if event.kind != "message":
            return
        params = event.data or {}
        level, logger, text = str(params.get("level", "info")), params.get("logger"), params.get("data", "")
        record = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "device": event.device.id,
            "component": logger if isinstance(logger, str) else "",
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
