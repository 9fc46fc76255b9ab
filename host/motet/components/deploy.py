# SPDX-License-Identifier: Apache-2.0
"""From an upload to a running artifact, told as a stream of records: what a gateway's install endpoint sends line by line.

{"step": words, "done": n, "total": n} ... and at last {"error": sentence} or {"installed": {...}}, for a component together
with "derivation": how its artifact was made from its module
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from motet.components.admission import Admitted, Target
from motet.components.errors import ComponentError
from motet.components.gatekeeper import Gatekeeper
from motet.components.grants import Permit
from motet.components.install import Fleet, install
from motet.components.packages import Package, accept, from_upload
from motet.models import ModelError
from motet.store import StoreError
from motet.trust import PrivateKey

log = logging.getLogger(__name__)
Record = dict[str, Any]


class Device(Protocol):
    """The part of ``motet.fleet.Device`` that is needed here."""

    @property
    def board(self) -> str:
        """The name of its board, as the device announces it."""
        ...


class DeviceFleet(Fleet, Protocol):
    """A fleet that knows its devices; ``motet.fleet.Fleet`` does."""

    def get(self, device: str) -> Device | None:
        """A device that has shown itself."""
        ...


async def deploy(
    fleet: DeviceFleet, device: str, upload: Any, gate: Gatekeeper | None = None, actor: str = "anonymous"
) -> AsyncGenerator[Record, None]:
    """Accepts ``upload`` (see ``packages``) and installs it on ``device``. Refusals are records, never exceptions.

    `gate` decides whether `actor` may; without one everybody may everything, which is for programs that are their own gate.
    Closing the generator cancels the installation and tells the device to forget it.
    """
    records: asyncio.Queue[Record | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(step: str, done: int, total: int) -> None:
        record = {"step": step, "done": done, "total": total}
        loop.call_soon_threadsafe(records.put_nowait, record)

    task = asyncio.create_task(_finish(_run(fleet, device, upload, tell, _Asker(gate, actor)), records))
    try:
        while (record := await records.get()) is not None:
            yield record
        await task
    finally:
        task.cancel()
        # Not gather: being cancelled meanwhile must not cut off the word to the device.
        await asyncio.wait((task,))


async def _finish(work: Any, records: asyncio.Queue[Record | None]) -> None:
    try:
        await records.put(await work)
    finally:
        records.put_nowait(None)


@dataclass
class _Asker:
    """Who wants it installed, and whom to ask and to tell."""

    gate: Gatekeeper | None
    actor: str
    subject: str = ""

    @property
    def key(self) -> PrivateKey | None:
        return self.gate.key if self.gate is not None else None

    async def ask(self, package: Package, device: str, board: str) -> Permit | None:
        if self.gate is None:
            return None
        checked = await asyncio.to_thread(self.gate.install, self.actor, package, device, board)
        permit = await asyncio.to_thread(self.gate.permit, self.actor, package, checked.publishers, device, board)
        self.subject = f"{device}/{package.kind}/{package.name}"
        return permit

    async def ended(self, error: str = "") -> None:
        subject, self.subject = self.subject, ""
        if self.gate is not None and subject:
            await asyncio.to_thread(self.gate.record, self.actor, "install", subject, error)


async def _run(fleet: DeviceFleet, device: str, upload: Any, tell: Callable[[str, int, int], None], asker: _Asker) -> Record:
    found = fleet.get(device)
    target = Target.of_board(found.board) if found is not None else Target()
    try:
        package = await asyncio.to_thread(from_upload, upload)
        permit = await asker.ask(package, device, found.board if found is not None else "")
        artifact = await asyncio.to_thread(accept, package, target, tell)
        grant = permit.signed(asker.key, artifact.digest) if permit is not None and asker.key is not None else None
        done: Record = {"installed": asdict(await install(fleet, device, artifact, tell, asker.key, grant))}
        await asker.ended()
        return done | ({"derivation": artifact.transform_log()} if isinstance(artifact, Admitted) else {})
    except (ComponentError, ModelError) as error:
        await asker.ended(str(error))
        return {"error": str(error)}
    except asyncio.CancelledError:
        await asker.ended("withdrawn before the device had confirmed it")
        raise
    except Exception:
        log.exception("an upload for device %s failed inside the gateway", device)
        with contextlib.suppress(StoreError):
            await asker.ended("the gateway failed; its log says why")
        return {"error": "the gateway failed to install it; its log says why"}
