# SPDX-License-Identifier: Apache-2.0
"""`POST /api/v1/devices/{device}/artifacts`: admit an upload and install it, told as one JSON record per line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from motet.components.deploy import deploy
from motet.fleet import Fleet

NDJSON = "application/x-ndjson"
# The largest artifact, base64-coded, with its manifest.
MAX_BODY_BYTES = 4 * 1024 * 1024


class Deployments:
    """Installs artifacts on devices of `fleet`. Admission happens here, so that no client can leave it out."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def routes(self) -> list[Route]:
        """The routes, for a Starlette application."""
        return [Route("/api/v1/devices/{device}/artifacts", self.install, methods=["POST"])]

    async def install(self, request: Request) -> Response:
        """The records of `motet.components.deploy`, or a JSON error with 404, 409, 413, 415 or 400."""
        device = request.path_params["device"]
        if refusal := self._unfit(device, request):
            return refusal
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return _error(413, f"the upload is larger than {MAX_BODY_BYTES} bytes")
        try:
            upload = json.loads(body)
        except ValueError as error:
            return _error(400, f"the upload is not JSON: {error}")
        return StreamingResponse(self._records(device, upload), media_type=NDJSON)

    def _unfit(self, device: str, request: Request) -> Response | None:
        # A form of a foreign web page cannot send this type without asking first.
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return _error(415, "send application/json")
        found = self._fleet.get(device)
        if found is None:
            return _error(404, f"no device {device!r}; `motet devices` lists them")
        return None if found.online else _error(409, f"device {device} is offline")

    async def _records(self, device: str, upload: Any) -> AsyncIterator[bytes]:
        async for record in deploy(self._fleet, device, upload):
            yield json.dumps(record).encode() + b"\n"


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)
