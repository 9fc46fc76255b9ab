# SPDX-License-Identifier: Apache-2.0
"""A gateway process under fire from both sides, and somebody who uses it meanwhile and must notice nothing."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tests.support.fuzz_checks import is_failure, problem
from tests.support.fuzz_client import Answer, FuzzClient
from tests.support.fuzz_messages import Fuzzer, Known, Request, bases
from tests.support.gateway_process import UNLIMITED, GatewayProcess
from tests.support.hostile_device import HostileDevice
from tests.support.mcp_http import META, modern_call
from tests.support.sim_device import ECHO, SimDevice

REALM = "motet"
WORKERS = 4
BASES = 2000
_ANONYMOUS = 0.03
# So many requests get new sessions.
_SESSION = 100
_TASKS = {**META, "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}}


@dataclass
class Caller:
    """`marker` is in everything that belongs to the caller; no other may ever get to see it."""

    name: str
    devices: str
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    marker: str = field(default_factory=lambda: f"marker-{secrets.token_hex(8)}")

    def table(self) -> str:
        """Its entry in motet.toml."""
        digest = hashlib.sha256(self.token.encode()).hexdigest()
        scopes = [f"call:{self.devices}.*", f"read:{self.devices}"]
        return f'[[auth.tokens]]\nname = "{self.name}"\nsha256 = "{digest}"\nscopes = {json.dumps(scopes)}\n'


@dataclass
class Report:
    """What was sent and what came of it; `examples` holds the first request with each problem."""

    http: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    failures: int = 0
    right: int = 0
    wrong: list[str] = field(default_factory=list)

    def note(self, request: Request, answer: Answer, wrong: str | None) -> None:
        """Count one exchange."""
        self.http += 1
        self.statuses[answer.status] += 1
        self.failures += is_failure(answer)
        if wrong is not None:
            kind = wrong.partition(":")[0]
            self.problems[kind] += 1
            self.examples.setdefault(kind, f"{wrong} <- {request!r:.1500} -> {answer!r:.600}")


class FuzzWorld:
    """`ann` uses the device `good`; `mallory` may use the hostile devices, and sends what nobody should."""

    def __init__(self, folder: Path, seed: int, devices: int = 3) -> None:
        self.ann, self.mallory = Caller("ann", "good"), Caller("mallory", "evil*")
        auth = '[auth]\nresource = "https://gateway.example/mcp"\n' + self.ann.table() + self.mallory.table()
        self.gateway = GatewayProcess(
            folder, f'[gateway]\nport = 0\ncall_timeout_s = 2.0\n[log]\nlevel = "warning"\n{UNLIMITED}{auth}'
        )
        self.report, self.known, self._seed, self._count = Report(), Known(views=["device:good", "device:evil0"]), seed, devices
        self.hostile: list[HostileDevice] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[FuzzWorld]:
        """Gateway and devices are there inside the block."""
        with self.gateway:
            url = self.gateway.broker
            tool = {**ECHO, "description": self.ann.marker}
            good = await SimDevice(url, REALM, "good", (tool,), max_total=1 << 16).start()
            self.hostile = [HostileDevice(url, REALM, f"evil{number}", self._seed + number) for number in range(self._count)]
            try:
                for device in self.hostile:
                    await device.start()
                await self._prepare()
                yield self
            finally:
                for device in (good, *self.hostile):
                    await device.bus.close()

    async def _prepare(self) -> None:
        """What mallory will try to get at: ann's session and her task for a device that is away."""
        async with self.client(self.ann) as http:
            await self._know(http)
            self.known.secrets.append(await self._session(http, self.ann.marker))
        evil = [f"{one.id}.{tool}" for one in self.hostile for tool in ("sim.echo", "sim.other")]
        self.known.tools = ["good.sim.echo", "nobody.x", "fleet.search", *evil]

    async def _sessions(self) -> list[str]:
        """Two new ones of mallory's, who may have ended those before; ann's; one that never was."""
        async with self.client(self.mallory) as http:
            own = [await self._session(http, "mallory") for _ in range(2)]
        return [*own * 4, self.known.secrets[0], "0" * 32]

    async def _session(self, http: httpx2.AsyncClient, name: str) -> str:
        """Of a client that speaks an older revision."""
        start = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": name, "version": "1"}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": start}
        headers = {"accept": "application/json, text/event-stream"}
        opened = await http.post("/mcp", json=body, headers=headers)
        session = {"mcp-session-id": opened.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        (await http.post("/mcp", json=ready, headers={**headers, **session})).raise_for_status()
        return session["mcp-session-id"]

    async def _know(self, http: httpx2.AsyncClient) -> None:
        known = False
        async with asyncio.timeout(30):
            while not known:
                listed = (await http.get("/api/v1/devices/good")).json()
                known = bool(listed.get("tools"))

    def client(self, caller: Caller) -> httpx2.AsyncClient:
        """An HTTP client of the gateway with the caller's token."""
        base = self.gateway.base
        return httpx2.AsyncClient(base_url=base, headers={"authorization": f"Bearer {caller.token}"}, timeout=30)

    async def over_http(self, count: int) -> None:
        """`count` requests of mallory, a few of them at the same time."""
        made, left = bases(min(BASES, max(50, count // 10))), iter(range(count))
        foreign = [self.ann.marker.encode(), self.ann.token.encode()]

        async def worker(number: int) -> None:
            named, unnamed = FuzzClient(self.gateway.port, self.mallory.token), FuzzClient(self.gateway.port)
            # Sessions of its own: who uses an id twice in one gets the answers of either.
            known = Known(self.known.tools, self.known.secrets, [], self.known.views)
            requests = iter(Fuzzer(self._seed + number, made, known))
            for turn, _ in enumerate(left):
                if turn % _SESSION == 0:
                    known.sessions = await self._sessions()
                client = unnamed if turn % round(1 / _ANONYMOUS) == 0 else named
                request = next(requests)
                answer = await client.send(request)
                self.report.note(request, answer, problem(request, answer, foreign))
            named.close()
            unnamed.close()

        async with asyncio.TaskGroup() as group:
            for number in range(WORKERS):
                group.create_task(worker(number))

    async def over_mqtt(self, count: int) -> None:
        """Hostile devices say `count` things that nobody asked for, as fast as the gateway hears them."""
        for number in range(count):
            self.hostile[number % len(self.hostile)].act()
            if number % 20 == 0:
                await asyncio.sleep(0.002)

    async def victim(self) -> None:
        """ann calls her device again and again, until cancelled; every answer is what the device said."""
        async with self.client(self.ann) as http:
            for number in range(1 << 30):
                await self._ask(http, number)

    async def _ask(self, http: httpx2.AsyncClient, number: int) -> None:
        text = f"{self.ann.marker} {number}"
        answer = await http.post("/mcp", **modern_call("good.sim.echo", {"text": text}))
        try:
            told: Any = answer.json()["result"]["structuredContent"]
        except (KeyError, ValueError):
            told = answer.text
        if told == {"text": text}:
            self.report.right += 1
        else:
            self.report.wrong.append(f"{answer.status_code} {told!r:.300}")

    async def intact(self) -> bool:
        """Whether the gateway serves, and ann's session and her device are what they were."""
        async with self.client(self.ann) as http:
            alive = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
            session = {"mcp-session-id": self.known.secrets[0], "mcp-protocol-version": "2025-11-25"}
            accept = {"accept": "application/json, text/event-stream"}
            answered = await http.post("/mcp", json=alive, headers={**accept, **session})
            healthy = await http.get("/healthz")
        return answered.status_code == 200 and healthy.status_code == 200

    async def under_fire(self, count: int) -> None:
        """`count` messages from either side, while ann goes on."""
        using = asyncio.create_task(self.victim())
        async with asyncio.TaskGroup() as group:
            group.create_task(self.over_http(count))
            group.create_task(self.over_mqtt(count))
        using.cancel()
        await asyncio.wait((using,))

    async def outcome(self) -> dict[str, Any]:
        """What it did; `faults` says what of it is wrong."""
        report, running = self.report, self.gateway.running
        return {
            "http_messages": report.http,
            "mqtt_messages": sum(device.sent for device in self.hostile),
            "statuses": {str(status): number for status, number in sorted(report.statuses.items())},
            "crashes": int(not running),
            "intact": running and await self.intact(),
            "status_5xx": report.failures,
            "hung": report.problems["no answer"],
            "leaks": report.problems["holds what belongs to another caller"] + self.leaked(),
            "problems": dict(report.problems),
            "examples": report.examples,
            "others_right": report.right,
            "others_wrong": report.wrong[:5],
            "log_failures": self.gateway.failures()[:5],
        }

    def leaked(self) -> int:
        """Hostile devices that were sent something of ann's."""
        return sum(self.ann.marker.encode() in device.seen for device in self.hostile)


def faults(outcome: dict[str, Any]) -> dict[str, Any]:
    """The part of an outcome that should not be; empty when all is well."""
    bad = ("crashes", "status_5xx", "hung", "leaks", "problems", "others_wrong", "log_failures")
    found = {name: outcome[name] for name in bad if outcome[name]}
    if not (outcome["intact"] and outcome["others_right"]):
        found["intact"] = False
    return {**found, "examples": outcome["examples"]} if found else {}
