# SPDX-License-Identifier: Apache-2.0
"""The packages that this gateway has put on devices: what is where, what is in them, and copies for other gateways.

Everything here only reads. Copies are subject to the policy's action "fetch".
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from motet.components import inspection
from motet.components.depot import Depot, Installation, Stored
from motet.components.errors import ComponentError
from motet.components.gatekeeper import DeniedError, Gatekeeper
from motet.components.ledger import listed
from motet.components.packages import Package
from motet.fleet import Device, Fleet, FleetError
from motet.gateway import callers
from motet.gateway.describe import describe
from motet.gateway.operations import ARCHIVE, KINDS
from motet.models import ModelError
from motet_core.wire.presence import valid_id

# Devices that are asked at the same time for what they hold.
AT_ONCE = 16
VITALS = "vitals.read"
TIMEOUT_S = 5.0
Row = dict[str, Any]


class Packages:
    """Views of `depot` and of what the devices of `fleet` say; `gate` decides who may have copies, without one nobody."""

    def __init__(self, fleet: Fleet, gate: Gatekeeper | None, depot: Depot) -> None:
        self._fleet, self._gate, self._depot = fleet, gate, depot
        self._turns = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        """The routes, for a Starlette application."""
        return [
            Route("/api/v1/installed", self.installed),
            Route("/api/v1/status", self.status),
            Route("/api/v1/packages", self.packages),
            Route("/api/v1/packages/{kind}/{name}", self.package),
            Route("/api/v1/packages/{kind}/{name}/archive", self.archive),
        ]

    async def installed(self, _request: Request) -> Response:
        """`{"installed": [...]}`: what each device holds, as it says itself, with what is known of the package.

        Devices that do not answer have what they got last, in the state "unknown".
        """
        known: dict[str, list[Installation]] = {}
        for one in await asyncio.to_thread(self._depot.installations):
            known.setdefault(one.device, []).append(one)
        found = await asyncio.gather(*(self._rows(device, known.get(device.id, [])) for device in self._devices()))
        return JSONResponse({"installed": [row for rows in found for row in rows]})

    async def status(self, _request: Request) -> Response:
        """`{"devices": [...]}`: each device with its artifacts and its vital signs, both null for one that does not answer."""
        return JSONResponse({"devices": await asyncio.gather(*(self._condition(device) for device in self._devices()))})

    async def _condition(self, device: Device) -> Row:
        rows, vitals = await asyncio.gather(self._asked(device), self._vitals(device))
        return {**describe(device), "artifacts": rows, "vitals": vitals}

    async def packages(self, _request: Request) -> Response:
        """`{"packages": [...]}`: those that devices have."""
        return JSONResponse({"packages": [asdict(one) for one in await asyncio.to_thread(self._depot.packages)]})

    async def package(self, request: Request) -> Response:
        """What is in a package, by `?digest=` or the newest one, and where it is; 404."""
        stored, package = await self._found(request)
        facts = await asyncio.to_thread(_inspected, package)
        where = await asyncio.to_thread(self._depot.installations, None, package.name)
        devices = [
            {"device": one.device, "source": one.source, "at": one.at} for one in where if one.package.digest == stored.digest
        ]
        return JSONResponse({**facts, "publishers": stored.publishers, "bytes": stored.size, "installed": devices})

    async def archive(self, request: Request) -> Response:
        """A copy of a package as a `.motet` file, by `?digest=` or the newest one; 403, 404."""
        stored, package = await self._found(request)
        if self._gate is None:
            raise HTTPException(403, "this gateway gives nobody copies")
        try:
            await asyncio.to_thread(self._gate.fetch, callers.name(), package)
        except DeniedError as error:
            raise HTTPException(403, str(error)) from None
        data = await asyncio.to_thread(self._depot.archive, stored.digest)
        return Response(data, media_type=ARCHIVE, headers={"motet-digest": stored.digest})

    async def _found(self, request: Request) -> tuple[Stored, Package]:
        kind, name = request.path_params["kind"], request.path_params["name"]
        digest = request.query_params.get("digest")
        if kind not in KINDS or not valid_id(name):
            raise HTTPException(404, f"no {kind!r:.40} is called {name!r:.40}")
        known = await asyncio.to_thread(self._depot.packages, name, kind)
        for stored in known:
            if digest not in (None, stored.digest):
                continue
            try:
                package = await asyncio.to_thread(self._depot.package, stored.digest)
            except ComponentError as error:
                raise HTTPException(500, f"this gateway's copy of {kind} {name} is damaged: {error}") from None
            if package is not None:
                return stored, package
        raise HTTPException(404, f"no device has {kind} {name}{f' {digest:.80}' if digest else ''} from here")

    def _devices(self) -> list[Device]:
        return sorted(self._fleet.devices(), key=lambda device: device.id)

    async def _rows(self, device: Device, known: list[Installation]) -> list[Row]:
        rows = await self._asked(device)
        if rows is None:
            return [_row(device.id, {}, one) for one in known]
        by_name = {(one.package.kind, one.package.name): one for one in known}
        return [_row(device.id, row, by_name.get((str(row.get("kind")), str(row.get("name"))))) for row in rows]

    async def _asked(self, device: Device) -> list[Row] | None:
        """What the device says it holds, None without an answer."""
        if not device.online:
            return None
        async with self._turns:
            try:
                return await listed(self._fleet, device.id)
            except ComponentError:
                return None

    async def _vitals(self, device: Device) -> Row | None:
        if not device.online or VITALS not in (tool["name"] for tool in device.tools):
            return None
        async with self._turns:
            try:
                answer = await self._fleet.call_tool(device.id, VITALS, {}, TIMEOUT_S)
            except FleetError:
                return None
        told = answer.get("structuredContent") if isinstance(answer, dict) else None
        return told if isinstance(told, dict) else None


def _row(device: str, said: Row, known: Installation | None) -> Row:
    """A device's own word goes first; what is known of the package only counts for the revision it is of."""
    row: Row = {"device": device, "state": "unknown"}
    if known is not None and said.get("revision", known.package.revision) == known.package.revision:
        package = known.package
        row |= {"kind": package.kind, "name": package.name, "revision": package.revision, "package": package.digest}
        row |= {"publishers": list(package.publishers), "source": known.source, "at": known.at}
    return row | ({"state": "ready", **said} if said else {})


def _inspected(package: Package) -> dict[str, Any]:
    try:
        return inspection.inspect(package)
    except (ComponentError, ModelError) as error:
        return {"kind": package.kind, "name": package.name, "revision": package.revision, "problem": str(error)}
