# SPDX-License-Identifier: Apache-2.0
"""A gateway with policies, trust and depot of its own, whose devices keep artifacts in memory."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.memory_fleet import MemoryDevice, MemoryFleet
from typer.testing import CliRunner

from motet import paths
from motet.cli.main import app
from motet.components.capabilities import policy_fields
from motet.components.depot import Depot
from motet.components.gatekeeper import Gatekeeper
from motet.components.oci import archive
from motet.components.oci.contents import pack
from motet.components.packages import Package
from motet.components.signature import signed
from motet.components.sources import fetch
from motet.config import Auth
from motet.fleet import RpcError
from motet.gateway.app import GatewayApp
from motet.gateway.deployments import Deployments
from motet.gateway.inventory import Inventory
from motet.gateway.options import Options
from motet.gateway.packages import Packages
from motet.gateway.server import listening
from motet.observe import Metrics
from motet.policy import Audit, Policy
from motet.store import Store
from motet.trust import PrivateKey, PublicKey, TrustStore
from motet_core import errors as codes

Json = dict[str, Any]
KEY = PrivateKey.generate()
VITALS = {"name": "vitals.read", "description": "Vital signs.", "inputSchema": {"type": "object"}}


class Shelf(MemoryFleet):
    """Devices that take artifacts. While `gate` is unset, blocks stay unanswered; `broken`: revisions that do not start."""

    def __init__(self, *devices: MemoryDevice) -> None:
        super().__init__(*devices)
        self.rows: dict[str, dict[tuple[str, str], Json]] = {device.id: {} for device in devices}
        self.gate, self.asked = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self.broken: set[int] = set()
        self.aborted = 0
        self.vitals: Json = {"uptime_ms": 5000, "heap_free": 9000, "link_resets": 0, "components": {}}
        self._open: dict[str, Json] = {}

    async def call(self, device: str, method: str, params: Json, timeout: float = 1, progress: Any = None) -> Any:
        rows = self.rows[device]
        if method == "artifact.list":
            # As the fleet hands it on: byte strings are base64.
            coded = [{**row, "digest": base64.b64encode(row["digest"]).decode()} for row in rows.values()]
            return {"artifacts": [{"state": "ready", **row} for row in coded]}
        if method == "artifact.begin":
            self._open[device] = {key: params[key] for key in ("kind", "name", "revision", "size", "digest")}
            return {"transfer": 1, "block": params["size"]}
        if method == "artifact.block":
            self.asked.set()
            await self.gate.wait()
            assert hashlib.sha256(params["data"]).digest() == self._open[device]["digest"]
            return {"received": len(params["data"])}
        if method == "artifact.commit":
            return self._commit(device)
        if method == "artifact.abort":
            self.aborted += self._open.pop(device, None) is not None
            return {}
        if method == "artifact.remove":
            rows.pop((params["kind"], params["name"]))
            return {}
        return {"structuredContent": self.vitals} if method == "tools/call" else {}

    async def call_tool(
        self, device: str, name: str, arguments: Json, timeout: float | None = None, progress: Any = None
    ) -> Json:
        return await self.call(device, "tools/call", {"name": name, "arguments": arguments})

    def _commit(self, device: str) -> Json:
        row = self._open.pop(device)
        if row["revision"] in self.broken:
            # As after a trap in its first function: what was there before is gone, too.
            self.rows[device].pop((row["kind"], row["name"]), None)
            raise RpcError(device, codes.REFUSED, "it does not start")
        self.rows[device][row["kind"], row["name"]] = row
        return row


@dataclass
class PackageGateway:
    """`url`: without a path; `trust`: its folder of keys."""

    url: str
    fleet: Shelf
    trust: TrustStore
    depot: Depot
    audit: Audit

    async def motet(self, *arguments: object) -> tuple[int, str]:
        """(exit code, everything printed) of a command that talks to this gateway."""
        given = [str(one) for one in arguments]
        done = await asyncio.to_thread(CliRunner().invoke, app, [*given, "--gateway", self.url])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    async def json(self, *arguments: object) -> Any:
        """What a command prints as JSON; it must not fail."""
        code, printed = await self.motet(*arguments, "-o", "json")
        assert code == 0, printed
        return json.loads(printed)


@contextlib.asynccontextmanager
async def package_gateway(
    folder: Path, *devices: str, trusted: PublicKey | None = None, policies: str = "", auth: Auth | None = None
) -> AsyncIterator[PackageGateway]:
    """A gateway whose state is in `folder`; `trusted` is known as "author"."""
    fleet = Shelf(*(MemoryDevice(name, board="stm32f405", tools=[VITALS]) for name in devices))
    trust, store = TrustStore(folder / "trust"), Store(folder / "motet.db")
    if trusted is not None:
        trust.add("author", trusted)
    audit, depot = Audit(store), Depot(store)
    fields = policy_fields()
    rules = Policy(policies, fields) if policies else Policy.load([], fields)
    gate = Gatekeeper(rules, trust, audit, PrivateKey.generate())
    options = Options(port=0, drain_s=0.5, **({"auth": auth} if auth is not None else {}))
    parts = (Deployments(fleet, gate, depot), Inventory(fleet, gate, depot), Packages(fleet, gate, depot))
    served = GatewayApp(fleet, Metrics(), options, [route for part in parts for route in part.routes()])
    async with listening(served, options) as url:
        yield PackageGateway(url.removesuffix("/mcp"), fleet, trust, depot, audit)
    store.close()


def made(
    vote: Package, folder: Path, /, key: PrivateKey | None = KEY, name: str = "vote", revision: int = 1, **needs: str
) -> Path:
    """A package file: the example under another name, revision and with dependencies."""
    work = folder / f"work-{name}-{revision}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    text = vote.manifest.replace('name = "vote"', f'name = "{name}"', 1).replace("revision = 1", f"revision = {revision}", 1)
    text += "\n[dependencies]\n" + "".join(f'{one} = "{bounds}"\n' for one, bounds in needs.items())
    (work / "Component.toml").write_text(text)
    shutil.copy(paths.data("examples") / "vote" / "vote.wit", work)
    (work / "vote.c").write_bytes((paths.data("examples") / "vote" / "vote.c").read_bytes())
    (work / f"{name}.wasm").write_bytes(vote.content)
    package = fetch(str(work / f"{name}.wasm"), attest=True)
    file = folder / f"{name}.motet"
    archive.write(pack(signed(package, key) if key is not None else package), file)
    return file


def held(gateway: PackageGateway, device: str = "press") -> dict[str, int]:
    return {name: row["revision"] for (_, name), row in gateway.fleet.rows[device].items()}
