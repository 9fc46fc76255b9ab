# SPDX-License-Identifier: Apache-2.0
"""Puts an accepted artifact on a device: announce, send block by block, commit, look whether it is there.

Every step can be repeated: a block that was answered too late is sent again, a device that restarted gets everything again, an
artifact that is already there is left alone. Whatever goes wrong, the device is told to forget what it holds of the transfer.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from motet import models
from motet.components.admission import Admitted
from motet.components.errors import InstallError
from motet.components.packages import COMPONENT, Artifact
from motet.fleet import DeviceRestarted, DeviceTimeout, FleetError, RpcError
from motet.trust import PrivateKey, sign
from motet.trust.signing import ARTIFACT
from motet_core import cbor
from motet_core import errors as codes

# Called with the operation in words, bytes sent and bytes in total.
Progress = Callable[[str, int, int], None]

TIMEOUT_S = 10.0
TRIES = 3
ABORT_S = 2.0
BUSY_S = 0.25

_ADVICE = {
    codes.METHOD_NOT_FOUND: "its firmware takes no artifacts; flash a current one",
    codes.NO_MEMORY: "remove an artifact that it no longer needs, or lower limits.memory and limits.stack",
    codes.UNTRUSTED: "another gateway was there first; install from that one, or erase the device's storage where it stands",
    codes.BUSY: "it has other work; try again when that has ended",
}


class Fleet(Protocol):
    """The part of ``motet.fleet.Fleet`` that is needed here."""

    async def call(self, device: str, method: str, params: dict[str, Any], timeout: float) -> Any:
        """The result of any request to a device. Raises FleetError."""
        ...


@dataclass(frozen=True)
class Installed:
    """What now runs where. ``sent`` is False when the device had it already; ``digest`` is hexadecimal SHA-256."""

    device: str
    kind: str
    name: str
    revision: int
    size: int
    digest: str
    sent: bool


async def install(
    fleet: Fleet,
    device: str,
    item: Artifact,
    progress: Progress | None = None,
    key: PrivateKey | None = None,
    grant: bytes | None = None,
) -> Installed:
    """Installs ``item`` on ``device``. Raises InstallError naming the device, the operation and what to do.

    ``key``: the gateway's, which signs a manifest for the device; a device that knows no gateway yet keeps it for good.
    ``grant``: what a component may do there, signed (``motet.components.grants``).
    """
    if not isinstance(item, Admitted | models.Model):
        raise TypeError(f"only admitted components and inspected models can be installed, not {type(item).__name__}")
    return await _Installation(fleet, device, item, progress or (lambda *_: None), key, grant).run()


class _Installation:
    def __init__(
        self, fleet: Fleet, device: str, item: Artifact, progress: Progress, key: PrivateKey | None, grant: bytes | None
    ) -> None:
        self._fleet = fleet
        self._device = device
        self._key, self._grant = key, grant
        self._data, self._digest = item.artifact, item.digest
        self._kind, self._name, self._revision = _identity(item)
        self._progress = progress
        self._transfer: int | None = None

    async def run(self) -> Installed:
        for _ in range(TRIES):
            try:
                sent = await self._ensure()
            except DeviceRestarted:
                self._progress("the device restarted, starting again", 0, len(self._data))
                continue
            self._progress("installed", len(self._data), len(self._data))
            facts = (self._kind, self._name, self._revision, len(self._data), self._digest.hex())
            return Installed(self._device, *facts, sent)
        raise self._error("send", f"the device restarted {TRIES} times meanwhile; see `motet logs {self._device}`")

    async def _ensure(self) -> bool:
        """True when it had to be sent."""
        if await self._is_there():
            await self._renew()
            return False
        await self._enrol()
        await self._send()
        if not await self._is_there():
            raise self._error("verify", f"the device took it but does not list it; see `motet logs {self._device}`")
        return True

    async def _renew(self) -> None:
        """The artifact is there already; what it may do there could be something else by now."""
        if self._grant is not None:
            await self._enrol()
            await self._call("renew the grant", "grant.put", {"grant": self._grant})

    async def _enrol(self) -> None:
        if self._key is None:
            return
        try:
            await self._call("show the gateway's key", "trust.enrol", {"key": self._key.public.raw})
        except InstallError as error:
            # Firmware from before signatures takes what it gets.
            if not isinstance(error.__cause__, RpcError) or error.__cause__.code != codes.METHOD_NOT_FOUND:
                raise

    async def _is_there(self) -> bool:
        listed = await self._call("list artifacts", "artifact.list", {})
        # One that has failed is sent again: it then gets a fresh start.
        wanted = (self._kind, self._name, self._revision, self._digest, "ready")
        return any(_facts(row) == wanted for row in listed.get("artifacts", []))

    async def _send(self) -> None:
        try:
            await self._blocks(await self._begin())
            self._progress("committing", len(self._data), len(self._data))
            await self._call("commit", "artifact.commit", {"transfer": self._transfer})
        except BaseException:
            await self._abort()
            raise

    async def _begin(self) -> int:
        announced = {"kind": self._kind, "name": self._name, "revision": self._revision}
        announced |= {"size": len(self._data), "digest": self._digest}
        signed = {} if self._key is None else {"manifest": _manifest(self._key, announced)}
        signed |= {} if self._grant is None else {"grant": self._grant}
        begun = await self._call("begin", "artifact.begin", announced | signed)
        self._transfer = begun.get("transfer")
        block = begun.get("block")
        if type(self._transfer) is not int or type(block) is not int or block < 1:
            raise self._error("begin", f"the answer makes no sense: {begun!r:.100}")
        return block

    async def _blocks(self, block: int) -> None:
        offset = 0
        while offset < len(self._data):
            self._progress("sending", offset, len(self._data))
            data = self._data[offset : offset + block]
            params = {"transfer": self._transfer, "offset": offset, "data": data}
            answer = await self._call(f"send block at {offset}", "artifact.block", params)
            received = answer.get("received")
            # The device may hold more than this block when an earlier answer was lost, never less.
            if type(received) is not int or not offset + len(data) <= received <= len(self._data):
                raise self._error(f"send block at {offset}", f"the device says it holds {received!r:.40} bytes")
            offset = received

    async def _abort(self) -> None:
        transfer, self._transfer = self._transfer, None
        if transfer is None:
            return
        # Best effort: the device drops transfers that nobody continues, and the first error is the one to report.
        with contextlib.suppress(FleetError, TimeoutError):
            async with asyncio.timeout(ABORT_S):
                await self._fleet.call(self._device, "artifact.abort", {"transfer": transfer}, ABORT_S)

    async def _call(self, operation: str, method: str, params: dict[str, Any]) -> dict[str, Any]:
        for attempt in range(1, TRIES + 1):
            try:
                answer = await self._fleet.call(self._device, method, params, TIMEOUT_S)
            except DeviceTimeout as error:
                failure: FleetError = error
            except DeviceRestarted:
                raise
            except FleetError as error:
                if _code(error) != codes.BUSY:
                    raise self._error(operation, _words(error)) from error
                # Its queue is full of other callers' requests, or somebody else's transfer is about to end.
                failure = error
                await asyncio.sleep(BUSY_S * attempt)
            else:
                if isinstance(answer, dict):
                    return answer
                raise self._error(operation, f"the answer makes no sense: {answer!r:.100}")
        raise self._error(operation, f"{_words(failure)} (tried {TRIES} times)") from failure

    def _error(self, operation: str, reason: str) -> InstallError:
        return InstallError(self._device, f"{operation} ({self._kind} {self._name})", reason)


def _manifest(key: PrivateKey, announced: dict[str, Any]) -> bytes:
    """What the device checks: see ``motet_core.gateway_key``."""
    fields = [announced[name] for name in ("kind", "name", "revision", "size", "digest")]
    return sign(key, cbor.dumps(dict(enumerate(fields, 1))), ARTIFACT)


def _identity(item: Artifact) -> tuple[str, str, int]:
    if isinstance(item, Admitted):
        return COMPONENT, item.manifest.component.name, item.manifest.component.revision
    return models.KIND, item.name, item.revision


def _facts(row: dict[str, Any]) -> tuple[Any, ...]:
    digest, state = _digest(row.get("digest")), row.get("state", "ready")
    return row.get("kind"), row.get("name"), row.get("revision"), digest, state


def _code(error: FleetError) -> int:
    return error.code if isinstance(error, RpcError) else 0


def _words(error: FleetError) -> str:
    advice = _ADVICE.get(error.code) if isinstance(error, RpcError) else "see `motet devices`"
    return f"{error}; {advice}" if advice else str(error)


def _digest(value: Any) -> bytes | None:
    """Bytes of a digest that came as a byte string or, through JSON, as base64."""
    if isinstance(value, bytes):
        return value
    with contextlib.suppress(binascii.Error, ValueError):
        return base64.b64decode(value, validate=True) if isinstance(value, str) else None
    return None
