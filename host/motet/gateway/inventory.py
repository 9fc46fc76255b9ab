# SPDX-License-Identifier: Apache-2.0
"""`/api/v1/devices/{device}/artifacts`: what is installed on a device, and taking it away again."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from motet.components.dependencies import DependencyError, check_removal
from motet.components.depot import Depot
from motet.components.gatekeeper import DeniedError, Gatekeeper
from motet.components.jit.programs import Programs
from motet.fleet import BusDown, DeviceOffline, DeviceTimeout, Fleet, FleetError, RpcError
from motet.gateway import callers
from motet.gateway.operations import KINDS
from motet_core import errors as codes
from motet_core.wire.presence import valid_id

TIMEOUT_S = 10.0


class Inventory:
    """Artifacts on devices of `fleet`. `gate` decides what may be removed; without one, everything.

    `depot` knows what others need; what they do stays, unless `?force=1`. With `?dry_run=1` it stays in any case.
    """

    def __init__(
        self, fleet: Fleet, gate: Gatekeeper | None = None, depot: Depot | None = None, programs: Programs | None = None
    ) -> None:
        self._fleet, self._gate, self._depot, self._programs = fleet, gate, depot, programs

    def routes(self) -> list[Route]:
        """The routes, for a Starlette application."""
        path = "/api/v1/devices/{device}/artifacts"
        return [
            Route(path, self.list, methods=["GET"]),
            Route(path + "/{kind}/{name}", self.remove, methods=["DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        """`{"artifacts": [{kind, name, revision, size, digest, state}]}`, or a JSON error with 404, 409, 502 or 504."""
        answer = await self._call(request.path_params["device"], "artifact.list", {})
        rows = answer.get("artifacts")
        if not isinstance(rows, list):
            raise HTTPException(502, "the device gave no list of its artifacts")
        return JSONResponse({"artifacts": [row for row in rows if isinstance(row, dict)]})

    async def remove(self, request: Request) -> Response:
        """204 once the device has forgotten the artifact; errors as above, 403, and 423 while others need it."""
        kind, name = request.path_params["kind"], request.path_params["name"]
        if kind not in KINDS:
            raise HTTPException(404, f"{kind!r:.40} is neither 'component' nor 'model'")
        # Asked about below, and remembered: not whatever stands in a path.
        if not valid_id(name):
            raise HTTPException(404, f"no artifact is called {name!r:.40}")
        device = request.path_params["device"]
        await self._ask(kind, name, device)
        if request.query_params.get("force") != "1":
            await self._check_needs(kind, name, device)
        if request.query_params.get("dry_run") == "1":
            return Response(status_code=204)
        await self._call(device, "artifact.remove", {"kind": kind, "name": name})
        if self._programs is not None and device == self._programs.node and kind == KINDS[0]:
            await asyncio.to_thread(self._programs.prune, name)
        if self._depot is not None:
            await asyncio.to_thread(self._depot.forget, device, kind, name)
        return Response(status_code=204)

    async def _check_needs(self, kind: str, name: str, device: str) -> None:
        if self._depot is None:
            return
        rows = (await self._call(device, "artifact.list", {})).get("artifacts", [])
        there = [(row.get("kind"), row.get("name")) for row in rows if isinstance(row, dict)]
        # A model and a component may share a name: whoever needs it has the other one still.
        if sum(one == name for _, one in there) > 1:
            return
        needs = await asyncio.to_thread(self._depot.needs, device)
        try:
            check_removal(name, {other: wanted for other, wanted in needs.items() if ("component", other) in there})
        except DependencyError as error:
            raise HTTPException(423, str(error)) from None

    async def _ask(self, kind: str, name: str, device: str) -> None:
        found = self._fleet.get(device)
        if self._gate is None or found is None:
            return
        try:
            await asyncio.to_thread(self._gate.remove, callers.name(), kind, name, device, found.board)
        except DeniedError as error:
            raise HTTPException(403, str(error)) from None
        except ValueError as error:
            raise HTTPException(404, str(error)) from None

    async def _call(self, device: str, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if self._fleet.get(device) is None:
            raise HTTPException(404, f"no device {device!r:.80}; `motet devices` lists them")
        try:
            return await self._fleet.call(device, method, params, TIMEOUT_S)
        except FleetError as error:
            raise HTTPException(_status(error), str(error)) from None


def _status(error: FleetError) -> int:
    if isinstance(error, RpcError):
        return 404 if error.code == codes.NOT_FOUND else 502
    return {DeviceOffline: 409, DeviceTimeout: 504, BusDown: 503}.get(type(error), 502)
