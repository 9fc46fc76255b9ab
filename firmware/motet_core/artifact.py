# SPDX-License-Identifier: Apache-2.0
"""How components and models reach the device: artifact.begin, block, commit, abort, list, remove.

The bytes go where they stay (slots.py): into the inactive slot in flash, or on the heap. What an artifact replaces stays in
flash until the new one is there in full, verified, started and fit to be told of; then one record changes which one it is.
Repeating a block or a commit is harmless: the broker may deliver twice, and a client may not have seen the answer.
"""

import hashlib

from motet_core import platform
from motet_core.artifact_check import check, check_list
from motet_core.artifact_params import KINDS, UINT32, begin_params, choice, name_of, uint
from motet_core.artifact_state import leaving
from motet_core.artifact_transfers import Transfers
from motet_core.errors import InvalidParams, MotetError, NoMemory, NotFound, Refused
from motet_core.grants import Grants
from motet_core.slots import HeapSlots

_ENGINES = {"component": "wasm", "model": "nn"}
# What a request needs besides its data: envelope, id, method, names, head of the byte string.
_BLOCK_OVERHEAD = 96


class Artifacts:
    """`changed`: async, called when tools have come or gone. `slots`: where artifacts are kept. `check`: called with what is
    to come and its signed manifest -> whether a gateway vouches for it; raises Untrusted. `grants`: what components may."""

    def __init__(self, supervisor, limit, max_total, changed, slots=None, check=None, grants=None):
        self._supervisor = supervisor
        self._block = limit - _BLOCK_OVERHEAD
        self._max_entry = max_total - 256
        self._changed = changed
        self._check_manifest = check or (lambda wanted, manifest: True)
        self._slots = slots or HeapSlots()
        self._grants = grants or Grants(None)
        self._hosts = {}
        self._installed = {}
        self._failed = {}
        self.transfers = Transfers()
        self._committed = (0, None)

    def methods(self):
        return {
            "artifact.begin": self.begin,
            "artifact.block": self.block,
            "artifact.commit": self.commit,
            "artifact.abort": self.abort,
            "artifact.list": self.list,
            "artifact.remove": self.remove,
        }

    def counters(self):
        """Calls, traps and fuel stops by component."""
        return self._hosts["component"].counters() if "component" in self._hosts else {}

    async def begin(self, params, request):
        wanted = begin_params(params)
        if not platform.has_native(_ENGINES[wanted["kind"]]):
            raise Refused("this build runs no artifacts of kind %s" % wanted["kind"])
        transfer = self.transfers.of(wanted["kind"])
        if transfer is None or transfer.params != wanted:
            vouched = self._check_manifest(wanted, params.get("manifest"))
            grant = params.get("grant")
            if grant is not None:
                self._grants.check(wanted, grant)
            self.transfers.make_room(wanted)
            transfer = self.transfers.add(wanted, self._slots.begin(wanted), vouched, grant)
        elif not transfer.vouched:
            transfer.vouched = self._check_manifest(wanted, params.get("manifest"))
        return {"transfer": transfer.number, "block": self._block}

    async def block(self, params, request):
        transfer = self.transfers.named(params)
        offset = uint(params, "offset", 0, UINT32)
        data = params.get("data")
        if not isinstance(data, bytes) or not data:
            raise InvalidParams("data: expected bytes")
        received, size = transfer.stage.received, transfer.params["size"]
        if offset > received:
            raise InvalidParams("offset: expected at most %d, got %d" % (received, offset))
        if offset + len(data) > size:
            raise InvalidParams("data: ends at %d, the artifact has %d bytes" % (offset + len(data), size))
        transfer.stage.write(offset, data)
        transfer.at = platform.clock_ms()
        return {"received": transfer.stage.received}

    async def commit(self, params, request):
        if uint(params, "transfer", 1, UINT32) == self._committed[0]:
            return self._committed[1]
        transfer = self.transfers.named(params)
        wanted, stage = transfer.params, transfer.stage
        if stage.received != wanted["size"]:
            raise Refused("%d of %d bytes have arrived" % (stage.received, wanted["size"]))
        self.transfers.take(transfer)
        try:
            if not transfer.vouched:
                # The device may have met its gateway since: then what was begun before needs its word, too.
                self._check_manifest(wanted, None)
            if transfer.grant is not None:
                # It may have ended, or a newer one have come, since this was begun.
                self._grants.check(wanted, transfer.grant)
            self._grants.expect(wanted, transfer.grant)
            await self._replace(wanted, stage)
        finally:
            stage.abort()
            self._grants.expect(wanted, None)
        result = {name: wanted[name] for name in ("name", "kind", "revision", "size")}
        self._committed = (transfer.number, result)
        await self._changed()
        return result

    async def _replace(self, wanted, stage):
        """Verified, loaded, fit to be told of, then kept; what was there before comes back when one of that fails."""
        data = stage.finish()
        if hashlib.sha256(data).digest() != wanted["digest"]:
            raise Refused("the bytes do not match the digest")
        self._load(wanted, data)
        # On the heap these bytes may be garbage by now, and the check below counts what is free.
        data = None
        key = (wanted["kind"], wanted["name"])
        before = self._installed.get(key)
        self._installed[key] = wanted
        try:
            check(self._supervisor, self._hosts[key[0]], key, self._max_entry)
            check_list((self._about(each) for each in self._installed), self._max_entry)
            self._grants.keep(wanted, before, stage)
        except (MotetError, MemoryError):
            self._committed = (0, None)
            self._go_back(key, before)
            # The gateways have to know whether its tools are still there.
            await self._changed()
            raise
        self._failed.pop(key, None)

    @property
    def components(self):
        """The host of components, None before the first one."""
        return self._hosts.get("component")

    def installed(self, kind, name):
        """What was announced of an artifact that is here; None when it is not."""
        return self._installed.get((kind, name))

    def model(self, name):
        """A running model by its name, or None."""
        return self._hosts["model"].model(name) if "model" in self._hosts else None

    async def granted(self, wanted):
        """A component's grant has been renewed; one that could not run without it may now."""
        key = (wanted["kind"], wanted["name"])
        if key not in self._failed:
            self._hosts[key[0]].renew(key[1], self._grants.of(wanted))
        elif self._slots.data(key) is None or [1 for kept, _, marked in self._slots.rows() if kept == key and marked]:
            # In quarantine: no grant makes up for bytes that have changed, or for what failed too often.
            return
        elif self.restore(key, wanted, self._slots.data(key)) is None:
            del self._failed[key]
            await self._changed()

    def _go_back(self, key, before):
        self._forget(key)
        data = None if before is None else self._slots.data(key)
        if data is not None:
            self.restore(key, before, data)

    async def abort(self, params, request):
        transfer = self.transfers.named(params)
        self.transfers.close(transfer)
        return {}

    async def list(self, params, request):
        return {"artifacts": [self._about(key) for key in sorted(self._installed)]}

    async def remove(self, params, request):
        key = (choice(params, "kind", KINDS), name_of(params))
        if key not in self._installed:
            raise NotFound("no %s %s" % key)
        forget_state = leaving(self._grants.device, key)
        # First: after a loss of power in between, nothing would say which grants are old.
        self._grants.forget(self._installed[key])
        self._slots.forget(key)
        self._forget(key)
        forget_state()
        self._committed = (0, None)
        await self._changed()
        return {"kind": key[0], "name": key[1]}

    def _forget(self, key):
        del self._installed[key]
        self._failed.pop(key, None)
        if key[0] in self._hosts:
            self._hosts[key[0]].remove(key[1])

    async def clear(self, slots):
        """Forgets all artifacts and transfers; from now on they are kept in `slots`."""
        self.transfers.close_all()
        for key in list(self._installed):
            self._forget(key)
        self._committed = (0, None)
        self._slots = slots
        await self._changed()

    def restore(self, key, wanted, data):
        """Loads what flash holds -> None, or why it cannot run; it is listed in either case. Never raises MotetError."""
        self._installed[key] = wanted
        try:
            self._load(wanted, data)
            check(self._supervisor, self._hosts[key[0]], key, self._max_entry)
        except MotetError as error:
            self.fail(key, wanted, error.message)
            return error.message
        return None

    def fail(self, key, wanted, reason):
        """Lists an artifact that does not run."""
        self._installed[key] = wanted
        self._failed[key] = reason
        if key[0] in self._hosts:
            self._hosts[key[0]].remove(key[1])

    def _about(self, key):
        about = dict(self._installed[key])
        about["stored"] = self._slots.stored
        reason = self._failed.get(key)
        if reason is None:
            reason = self._hosts[key[0]].reason(key[1])
            about.update(self._hosts[key[0]].facts(key[1]))
        about["state"] = "ready" if reason is None else "failed"
        if reason is not None:
            about["reason"] = reason
            if reason.startswith("quarantined"):
                about["quarantined"] = True
        return about

    def _load(self, wanted, data):
        host = self._host(wanted["kind"])
        # What is made now stays for long: among garbage it would keep the heap from ever offering a large block again.
        platform.heap()
        try:
            host.load(wanted["name"], wanted["revision"], data, self._grants.of(wanted))
        except MemoryError as error:
            # The engines say how much they wanted; the interpreter may not.
            reason = ": %s" % error if str(error) else ""
            free = platform.heap_free()
            raise NoMemory("%s %s does not fit%s, %d bytes are free" % (wanted["kind"], wanted["name"], reason, free))

    def _host(self, kind):
        # Imported when the first artifact arrives: a board without models does not pay for them.
        if kind not in self._hosts:
            if kind == "component":
                from motet_core.components import Components

                self._hosts[kind] = Components(self._grants.device)
            else:
                from motet_core.models import Models

                self._hosts[kind] = Models()
            self._supervisor.add(self._hosts[kind])
        return self._hosts[kind]
