# SPDX-License-Identifier: Apache-2.0
"""A fleet in memory: what the gateway's tests put in the place of broker and devices."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from motet.fleet import Event, Offers, RpcError
from motet.gateway.app import GatewayApp
from motet.gateway.options import Options
from motet.gateway.server import listening
from motet.observe import Metrics

Json = dict[str, Any]
Answer = Callable[[Json, Any], Awaitable[Json]]

ADD = {
    "name": "math.add",
    "description": "Add two integers.",
    "inputSchema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}


def text(value: Any) -> Json:
    return {
        "resultType": "complete",
        "content": [{"type": "text", "text": json.dumps(value)}],
        "structuredContent": {"result": value},
    }


async def add(params: Json, _progress: Any) -> Json:
    return text(params["arguments"]["a"] + params["arguments"]["b"])


@dataclass
class MemoryDevice:
    id: str
    tools: list[Json] = field(default_factory=lambda: [ADD])
    online: bool = True
    board: str = "memory"
    firmware: str = "0.1.0"
    reset_reason: str = "power-on"
    nonce: bytes = b"\x01" * 8
    last_seen: float | None = 1.0
    link: Json | None = None
    max_total: int = 65536
    offers: Offers = field(default_factory=Offers)
    silent: bool = False

    @property
    def catalogue_hash(self) -> bytes:
        return hashlib.sha256(json.dumps(self.tools).encode()).digest()[:16]


class MemoryFleet:
    """Devices answer with `answers[tool]`; `calls` records what reached them, `cancelled` what was withdrawn."""

    def __init__(self, *devices: MemoryDevice) -> None:
        self.unavailable: str | None = None
        self.awaited = 0
        self.calls: list[tuple[str, str, Json]] = []
        self.cancelled: list[str] = []
        self.answers: dict[str, Answer] = {"math.add": add}
        self.called = asyncio.Event()
        self._devices = {device.id: device for device in devices}
        self._listeners: list[Any] = []

    def devices(self) -> list[MemoryDevice]:
        return list(self._devices.values())

    def get(self, device: str) -> MemoryDevice | None:
        return self._devices.get(device)

    def counters(self) -> dict[str, int]:
        return {"answers_late": 3}

    def traffic(self) -> dict[str, int]:
        return {"sent": 100, "received": 200}

    def add_listener(self, listener: Any) -> Any:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def put(self, device: MemoryDevice) -> MemoryDevice:
        """A new or changed device; listeners are told."""
        self._devices[device.id] = device
        for listener in self._listeners:
            listener(Event("tools" if device.online else "departed", device))
        return device

    async def call(self, device: str, method: str, params: Json, timeout: float, progress: Any = None, log: Any = None) -> Json:
        # Tools and prompts by their names, everything else by its method.
        answer = self.answers.get(params.get("name", method))
        if answer is None:
            raise RpcError(device, -32601, f"unknown method {method}")
        self.calls.append((device, method, params))
        self.called.set()
        try:
            return await answer(params, progress)
        except asyncio.CancelledError:
            self.cancelled.append(device)
            raise


@contextlib.asynccontextmanager
async def serving(fleet: Any, **settings: Any) -> AsyncIterator[tuple[str, GatewayApp]]:
    """A gateway over real HTTP on a free port: its MCP URL and application."""
    options = Options(**{"port": 0, "drain_s": 0.5, "call_timeout_s": 20.0, **settings})
    app = GatewayApp(fleet, Metrics(), options)
    async with listening(app, options) as url:
        yield url, app
