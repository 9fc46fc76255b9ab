# SPDX-License-Identifier: Apache-2.0
"""`POST /api/v1/devices/{device}/artifacts`: admit an upload and install it, told as one JSON record per line.

`?source=` is remembered, `update=1` takes only a newer revision, `dry_run=1` does everything but send it, `force=1` does not ask
what others need.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from motet.components.deploy import deploy
from motet.components.depot import Depot
from motet.components.gatekeeper import Gatekeeper
from motet.components.jit.programs import Programs
from motet.components.ledger import Wish
from motet.fleet import Fleet
from motet.gateway import callers
from motet.gateway.operations import MAX_SOURCE, NDJSON

# The largest artifact, base64-coded, with its manifest.
MAX_BODY_BYTES = 4 * 1024 * 1024
# The same of a component for gateways, which only the node takes.
MAX_NODE_BODY_BYTES = 92 * 1024 * 1024
BODY_S = 30.0
# Each admission runs compilers and engines in processes of their own.
AT_ONCE = 2
# Uploads that wait for their turn hold their bodies in memory.
WAITING = 32
# For what is refused half way: the rest of it is not read.
_CLOSE = {"connection": "close"}


class Deployments:
    """Installs artifacts on devices of `fleet`. Admission happens here, so that no client can leave it out."""

    def __init__(
        self, fleet: Fleet, gate: Gatekeeper | None = None, depot: Depot | None = None, programs: Programs | None = None
    ) -> None:
        self._fleet, self._gate, self._depot, self._programs = fleet, gate, depot, programs
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._open = self._open_large = 0

    def routes(self) -> list[Route]:
        """The routes, for a Starlette application."""
        return [Route("/api/v1/devices/{device}/artifacts", self.install, methods=["POST"])]

    async def install(self, request: Request) -> Response:
        """The records of `motet.components.deploy`, or a JSON error with 400, 404, 408, 409, 413, 415 or 503."""
        device, wish = request.path_params["device"], _wish(request)
        self._check(device, request)
        large = self._large(device, request)
        self._count(1, large)
        try:
            upload = _parsed(await _body(request, MAX_NODE_BODY_BYTES if large else MAX_BODY_BYTES))
        finally:
            # From here on it counts when its records are asked for, which a client that is gone never does.
            self._count(-1, large)
        return StreamingResponse(self._records(device, upload, wish, callers.name(), large), media_type=NDJSON)

    def _check(self, device: str, request: Request) -> None:
        # A form of a foreign web page cannot send this type without asking first.
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise HTTPException(415, "send application/json")
        found = self._fleet.get(device)
        if found is None:
            raise HTTPException(404, f"no device {device!r:.80}; `motet devices` lists them")
        if not found.online:
            raise HTTPException(409, f"device {device} is offline")
        if self._open >= AT_ONCE + WAITING:
            raise HTTPException(503, f"{self._open} uploads are being installed already; try again later")

    def _large(self, device: str, request: Request) -> bool:
        """Whether a component for gateways comes, which says so beforehand; raises HTTPException where two are there already."""
        if self._programs is None or self._programs.node != device:
            return False
        said = request.headers.get("content-length", "")
        if not (said.isdecimal() and len(said) < 12 and int(said) > MAX_BODY_BYTES):
            return False
        if self._open_large >= AT_ONCE:
            raise HTTPException(503, f"{AT_ONCE} large uploads are being installed already; try again later", _CLOSE)
        return True

    def _count(self, more: int, large: bool) -> None:
        self._open += more
        self._open_large += more if large else 0

    async def _records(self, device: str, upload: Any, wish: Wish, actor: str, large: bool) -> AsyncIterator[bytes]:
        self._count(1, large)
        try:
            deployment = deploy(self._fleet, device, upload, self._gate, actor, self._depot, wish, self._programs)
            async with self._turns, aclosing(deployment) as records:
                async for record in records:
                    yield json.dumps(record).encode() + b"\n"
        finally:
            self._count(-1, large)


def _wish(request: Request) -> Wish:
    asked = request.query_params
    source = asked.get("source", "")
    if len(source) > MAX_SOURCE or not source.isprintable():
        raise HTTPException(400, f"source: at most {MAX_SOURCE} printable characters")
    return Wish(source, *(asked.get(name) == "1" for name in ("dry_run", "force", "update")))


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise HTTPException(413, f"the upload is larger than {most} bytes", _CLOSE)
    except TimeoutError:
        raise HTTPException(408, "the upload did not arrive in time", _CLOSE) from None
    except ClientDisconnect:
        raise HTTPException(400, "the upload broke off") from None
    return bytes(body)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise HTTPException(400, f"the upload is not JSON: {error}") from None
    except RecursionError:
        raise HTTPException(400, "the upload is not JSON of any use: it is nested too deeply") from None
