# SPDX-License-Identifier: Apache-2.0
"""Routes beside `/mcp`: health, metrics and the devices as JSON. Errors are `{"error": "<sentence>"}`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from motet.fleet import Device, Fleet
from motet.gateway.catalogue import Catalogue
from motet.gateway.describe import describe
from motet.gateway.views import FLEET, PATH, View
from motet.observe import Metrics

# Devices that are told of in one go.
_GO = 200


class Api:
    """Read-only views of the fleet."""

    def __init__(self, fleet: Fleet, metrics: Metrics, views: Iterable[View], catalogue: Catalogue) -> None:
        self._fleet, self._metrics, self._views, self._catalogue = fleet, metrics, views, catalogue

    def routes(self) -> list[Route]:
        """The routes, for a Starlette application."""
        return [
            Route("/healthz", self.ready),
            Route("/healthz/live", self.live),
            Route("/metrics", self.metrics),
            Route("/api/v1/views", self.views),
            Route("/api/v1/devices", self.devices),
            Route("/api/v1/devices/{device}", self.device),
        ]

    async def live(self, _request: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """Calls can be carried out: the broker is reachable. 503 with the reason otherwise."""
        reason = self._fleet.unavailable
        if reason is not None:
            return JSONResponse({"status": "unavailable", "reason": reason}, 503)
        online = sum(device.online for device in self._fleet.devices())
        return JSONResponse({"status": "ok", "devices_online": online})

    async def metrics(self, _request: Request) -> Response:
        """Prometheus text."""
        return Response(self._metrics.text(), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})

    async def views(self, _request: Request) -> Response:
        """The whole fleet and the views of the configuration: where they are, and how much is in them."""
        told = []
        for view in (FLEET, *self._views):
            told.append(self._view(view))
            await asyncio.sleep(0)
        return JSONResponse({"views": told})

    def _view(self, view: View) -> dict[str, Any]:
        there = [device.id for device in self._fleet.devices() if device.online and view.shows(device.id)]
        return {
            "view": view.key,
            "path": f"{PATH}/{view.key}".rstrip("/"),
            "title": view.title,
            "devices": len(there),
            "tools": sum(len(self._catalogue.offering(device, view)) for device in there),
        }

    async def devices(self, _request: Request) -> Response:
        """Every device known, online or not, by id."""
        found = sorted(self._fleet.devices(), key=lambda device: device.id)
        return StreamingResponse(_listed(found), media_type="application/json")

    async def device(self, request: Request) -> Response:
        """One device."""
        name = request.path_params["device"]
        device = self._fleet.get(name)
        return JSONResponse({"error": f"no device {name!r}"}, 404) if device is None else JSONResponse(describe(device))


async def _listed(devices: Sequence[Device]) -> AsyncIterator[str]:
    """{"devices": [...]}; others have their turn in between, ten thousand devices take a tenth of a second."""
    yield '{"devices":['
    for at in range(0, len(devices), _GO):
        yield ("," if at else "") + ",".join(json.dumps(describe(device)) for device in devices[at : at + _GO])
        await asyncio.sleep(0)
    yield "]}"
