# SPDX-License-Identifier: Apache-2.0
"""A gateway process under fire from both sides, and somebody who uses it meanwhile and must notice nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
from tests.support.fuzz_checks import problem
from tests.support.fuzz_client import FuzzClient
from tests.support.fuzz_messages import Fuzzer, Known, bases
from tests.support.fuzz_report import Caller, Report
from tests.support.gateway_process import UNLIMITED, GatewayProcess
from tests.support.hostile_device import HostileDevice
from tests.support.mcp_http import META, modern_call
from tests.support.sim_device import ECHO, SimDevice

Json = dict[str, Any]
REALM = "motet"
WORKERS = 12
BASES = 1000
_ANONYMOUS = 0.03
_SHOWN_S, _PAUSE_S = 30, 0.01
# Sessions that a worker remembers.
_OWN = 8
# So many requests get new sessions.
_SESSION = 50
_TASKS = {**META, "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}}


class FuzzWorld:
    """`ann` uses the device `good`; `mallory` may use the hostile devices, and sends what nobody should."""

    def __init__(self, folder: Path, seed: int, devices: int = 3) -> None:
        self.ann, self.mallory = Caller("ann", "good*"), Caller("mallory", "evil*")
        auth = '[auth]\nresource = "https://gateway.example/mcp"\n' + self.ann.table() + self.mallory.table()
        self.gateway = GatewayProcess(
            folder, f'[gateway]\nport = 0\ncall_timeout_s = 3.0\n[log]\nlevel = "warning"\n{UNLIMITED}{auth}'
        )
        self.report, self.known, self._seed, self._count = Report(), Known(views=["device:good", "device:evil0"]), seed, devices
        # Made before anybody waits for an answer: it takes a while.
        self._bases = bases(BASES)
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
                await self._prepare(tool)
                yield self
            finally:
                for device in (good, *self.hostile):
                    await device.bus.close()

    async def _prepare(self, tool: Json) -> None:
        """What mallory will try to get at: ann's session, and her task that waits for a device."""
        away = await SimDevice(self.gateway.broker, REALM, "good-away", (tool,)).start()
        async with self.client(self.ann) as http:
            await self._shown(http, "good", lambda device: device["tools"])
            await self._shown(http, "good-away", lambda device: device["tools"])
            await away.stop()
            await self._shown(http, "good-away", lambda device: not device["online"])
            self.known.secrets += [await self._session(http, self.ann.marker), await self._task(http)]
        evil = [f"{one.id}.{tool}" for one in self.hostile for tool in ("sim.echo", "sim.other")]
        self.known.tools = ["good.sim.echo", "good-away.sim.echo", "nobody.x", "fleet.search", *evil]

    async def _task(self, http: httpx2.AsyncClient) -> str:
        """The id of a call of ann's that waits for its device."""
        call = modern_call("good-away.sim.echo", {"text": self.ann.marker})
        call["json"]["params"]["_meta"] = _TASKS
        return str((await http.post("/mcp", **call)).json()["result"]["taskId"])

    async def _sessions(self) -> list[str]:
        """A new one of mallory's, if she may have one more; ann's; one that never was."""
        async with self.client(self.mallory) as http:
            own = await self._session(http, "mallory")
        return [*[own] * (4 if own else 0), self.known.secrets[0], "0" * 32]

    async def _end(self, sessions: set[str]) -> None:
        """So that mallory may open others."""
        async with self.client(self.mallory) as http:
            while sessions:
                await http.delete("/mcp", headers={"mcp-session-id": sessions.pop()})

    async def _session(self, http: httpx2.AsyncClient, name: str) -> str:
        """Of a client that speaks an older revision; empty when it is refused."""
        start = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": name, "version": "1"}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": start}
        headers = {"accept": "application/json, text/event-stream"}
        opened = await http.post("/mcp", json=body, headers=headers)
        if "mcp-session-id" not in opened.headers:
            return ""
        session = {"mcp-session-id": opened.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        (await http.post("/mcp", json=ready, headers={**headers, **session})).raise_for_status()
        return session["mcp-session-id"]

    async def _shown(self, http: httpx2.AsyncClient, name: str, condition: Callable[[Json], Any]) -> None:
        """Return when the gateway shows the device so."""
        async with asyncio.timeout(_SHOWN_S):
            while not condition({"tools": [], "online": True, **(await http.get(f"/api/v1/devices/{name}")).json()}):
                await asyncio.sleep(0.02)

    def client(self, caller: Caller) -> httpx2.AsyncClient:
        """An HTTP client of the gateway with the caller's token."""
        base = self.gateway.base
        return httpx2.AsyncClient(base_url=base, headers={"authorization": f"Bearer {caller.token}"}, timeout=30)

    async def over_http(self, count: int) -> None:
        """`count` requests of mallory, a few of them at the same time."""
        left = iter(range(count))
        foreign = [self.ann.marker.encode(), self.ann.token.encode(), f'"taskId":"{self.known.secrets[1]}"'.encode()]

        async def worker(number: int) -> None:
            named, unnamed = FuzzClient(self.gateway.port, self.mallory.token), FuzzClient(self.gateway.port)
            # Sessions of its own: who uses an id twice in one gets the answers of either.
            known = Known(self.known.tools, self.known.secrets, [], self.known.views)
            requests, opened = iter(Fuzzer(self._seed + number, self._bases, known)), set[str]()
            for turn, _ in enumerate(left):
                if turn % _SESSION == 0:
                    await self._end(opened)
                    known.sessions = await self._sessions()
                    opened.update(known.sessions[:1])
                client = unnamed if turn % round(1 / _ANONYMOUS) == 0 else named
                request = next(requests)
                answer = await client.send(request)
                if session := answer.headers.get("mcp-session-id"):
                    known.sessions = [*known.sessions[-_OWN:], session]
                    opened.add(session)
                self.report.note(request, answer, problem(request, answer, foreign))
            named.close()
            unnamed.close()

        async with asyncio.TaskGroup() as group:
            for number in range(WORKERS):
                group.create_task(worker(number))

    async def over_mqtt(self, count: int) -> None:
        """Hostile devices say `count` things that nobody asked for, as fast as the gateway hears them."""
        before, number = self._said(), 0
        # Not everything can be sent: some topics are none.
        while self._said() - before < count:
            self.hostile[number % len(self.hostile)].act()
            number += 1
            if number % 20 == 0:
                await asyncio.sleep(0.002)

    def _said(self) -> int:
        return sum(device.sent for device in self.hostile)

    async def victim(self) -> None:
        """ann calls her device again and again, until cancelled; every answer is what the device said."""
        async with self.client(self.ann) as http:
            for number in range(1 << 30):
                await self._ask(http, number)
                await asyncio.sleep(_PAUSE_S)

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
            "mqtt_messages": self._said(),
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
