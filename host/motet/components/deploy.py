# SPDX-License-Identifier: Apache-2.0
"""From an upload to a running artifact, told as a stream of records: what a gateway's install endpoint sends line by line.

{"step": words, "done": n, "total": n} ... and at last {"error": sentence} or {"installed": {...}}, for a component together
with "derivation": how its artifact was made from its module. Before the error of an update that failed on the device there is
{"rolled_back": {...}}: what runs there again. A trial run ends with {"checked": {...}} instead, an update to what is there
already with {"current": {...}}.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from motet.components.admission import Admitted, Target
from motet.components.depot import Depot
from motet.components.errors import ComponentError, InstallError
from motet.components.gatekeeper import Gatekeeper
from motet.components.grants import Permit
from motet.components.install import Fleet, Installed, install
from motet.components.jit.programs import Programs
from motet.components.ledger import CurrentError, Ledger, Wish
from motet.components.packages import Artifact, Package, accept, from_upload
from motet.components.signature import Checked
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
    fleet: DeviceFleet,
    device: str,
    upload: Any,
    gate: Gatekeeper | None = None,
    actor: str = "anonymous",
    depot: Depot | None = None,
    wish: Wish | None = None,
    programs: Programs | None = None,
) -> AsyncGenerator[Record, None]:
    """Accepts ``upload`` (see ``packages``) and installs it on ``device``. Refusals are records, never exceptions.

    `gate` decides whether `actor` may; without one everybody may everything, which is for programs that are their own gate.
    `depot` remembers what is where; without one nothing is known of dependencies, and there is nothing to go back to.
    `programs`: where the node of this gateway finds components that are for gateways only.
    Closing the generator cancels the installation and tells the device to forget it.
    """
    records: asyncio.Queue[Record | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(step: str, done: int, total: int) -> None:
        record = {"step": step, "done": done, "total": total}
        loop.call_soon_threadsafe(records.put_nowait, record)

    task = asyncio.create_task(
        _finish(_run(_Place(fleet, device, tell, programs), upload, _Asker(gate, actor), Ledger(depot, wish or Wish())), records)
    )
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

    async def ask(self, package: Package, place: _Place) -> Checked:
        if self.gate is None:
            return Checked((), package)
        found = await asyncio.to_thread(self.gate.install, self.actor, package, place.device, place.board)
        self.subject = f"{place.device}/{package.kind}/{package.name}"
        return found

    async def permit(self, found: Checked, place: _Place) -> Permit | None:
        """What the component may do there."""
        if self.gate is None:
            return None
        asked = self.actor, found.package, found.publishers, place.device, place.board
        return await asyncio.to_thread(self.gate.permit, *asked)

    async def ended(self, error: str = "") -> None:
        subject, self.subject = self.subject, ""
        if self.gate is not None and subject:
            await asyncio.to_thread(self.gate.record, self.actor, "install", subject, error)


@dataclass(frozen=True)
class _Place:
    """Where to install, and whom to tell how far it is."""

    fleet: DeviceFleet
    device: str
    tell: Callable[[str, int, int], None]
    programs: Programs | None = None

    @property
    def target(self) -> Target:
        """What the device takes."""
        target = Target.of_board(self.board) if self.board else Target()
        return replace(target, gateway=self.programs is not None and self.programs.node == self.device)

    @property
    def board(self) -> str:
        found = self.fleet.get(self.device)
        return found.board if found is not None else ""


async def _run(place: _Place, upload: Any, asker: _Asker, ledger: Ledger) -> Record:
    try:
        package = await asyncio.to_thread(from_upload, upload)
        done = await _install(place, await asker.ask(package, place), asker, ledger)
        await asker.ended()
        return done
    except CurrentError as error:
        await asker.ended()
        return {"current": error.facts}
    except (ComponentError, ModelError) as error:
        await asker.ended(str(error))
        return {"error": str(error), **({"rolled_back": ledger.rolled_back} if ledger.rolled_back else {})}
    except asyncio.CancelledError:
        await asker.ended("withdrawn before the device had confirmed it")
        raise
    except Exception:
        log.exception("an upload for device %s failed inside the gateway", place.device)
        with contextlib.suppress(StoreError):
            await asker.ended("the gateway failed; its log says why")
        return {"error": "the gateway failed to install it; its log says why"}


async def _install(place: _Place, found: Checked, asker: _Asker, ledger: Ledger) -> Record:
    await ledger.check(place.fleet, place.device, found)
    permit = await asker.permit(found, place)
    artifact = await _accepted(place, found.package)
    if ledger.wish.dry_run:
        asker.subject = ""
        return {"checked": {"device": place.device, "size": len(artifact.artifact), **ledger.facts(found)}}
    try:
        installed = await _send(place, artifact, asker, permit)
    except InstallError:
        await _go_back(place, found.package, asker, ledger)
        raise
    await ledger.done(place.device, found)
    done: Record = {"installed": asdict(installed) | ledger.facts(found)}
    return done | ({"derivation": artifact.transform_log()} if isinstance(artifact, Admitted) else {})


async def _accepted(place: _Place, package: Package) -> Artifact:
    return await asyncio.to_thread(accept, package, place.target, place.tell)


async def _send(place: _Place, artifact: Artifact, asker: _Asker, permit: Permit | None) -> Installed:
    grant = permit.signed(asker.key, artifact.digest) if permit is not None and asker.key is not None else None
    programs = place.programs if isinstance(artifact, Admitted) and place.target.gateway else None
    if programs is None or not isinstance(artifact, Admitted):
        return await install(place.fleet, place.device, artifact, place.tell, asker.key, grant)
    name = artifact.manifest.component.name
    if artifact.program:
        await asyncio.to_thread(programs.put, name, artifact.program)
    done = await install(place.fleet, place.device, artifact, place.tell, asker.key, grant)
    # What it had there before runs no more.
    await asyncio.to_thread(programs.prune, name, artifact.module if artifact.program else b"")
    return done


async def _go_back(place: _Place, failed: Package, asker: _Asker, ledger: Ledger) -> None:
    """After an update that failed on the device: what ran there before, if it does not run there still."""
    before = await ledger.before(place.fleet, place.device, failed)
    if before is None:
        return
    place.tell("going back", 0, 1)
    # It was admitted when it came, and allowed: what it may do is asked again, because devices take no grant twice.
    with contextlib.suppress(ComponentError, ModelError):
        permit = await asker.permit(before, place)
        done = await _send(place, await _accepted(place, before.package), asker, permit)
        ledger.rolled_back = asdict(done)
