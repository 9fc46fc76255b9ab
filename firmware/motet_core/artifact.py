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
from motet_core.errors import Busy, InvalidParams, MotetError, NoMemory, NotFound, Refused
from motet_core.slots import HeapSlots

_ENGINES = {"component": "wasm", "model": "nn"}
# What a request needs besides its data: envelope, id, method, names, head of the byte string.
_BLOCK_OVERHEAD = 96
_IDLE_MS = 30000


class _Transfer:
    def __init__(self, number, params, stage, vouched):
        self.number = number
        self.params = params
        self.stage = stage
        self.vouched = vouched
        self.at = platform.clock_ms()


class Artifacts:
    """`changed`: async, called when tools have come or gone. `slots`: where artifacts are kept. `check`: called with what is
    to come and its signed manifest -> whether a gateway vouches for it; raises Untrusted."""

    def __init__(self, supervisor, limit, max_total, changed, slots=None, check=None):
        self._supervisor = supervisor
        self._block = limit - _BLOCK_OVERHEAD
        self._max_entry = max_total - 256
        self._changed = changed
        self._check_manifest = check or (lambda wanted, manifest: True)
        self._slots = slots or HeapSlots()
        self._hosts = {}
        self._installed = {}
        self._failed = {}
        self._open = {}
        self._next = 1
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
        transfer = self._open.get(wanted["kind"])
        if transfer is None or transfer.params != wanted:
            vouched = self._check_manifest(wanted, params.get("manifest"))
            self._make_room(wanted)
            transfer = self._open[wanted["kind"]] = _Transfer(self._next, wanted, self._slots.begin(wanted), vouched)
            self._next += 1
        elif not transfer.vouched:
            transfer.vouched = self._check_manifest(wanted, params.get("manifest"))
        return {"transfer": transfer.number, "block": self._block}

    async def block(self, params, request):
        transfer = self._transfer(params)
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
        transfer = self._transfer(params)
        wanted, stage = transfer.params, transfer.stage
        if stage.received != wanted["size"]:
            raise Refused("%d of %d bytes have arrived" % (stage.received, wanted["size"]))
        del self._open[wanted["kind"]]
        try:
            if not transfer.vouched:
                # The device may have met its gateway since: then what was begun before needs its word, too.
                self._check_manifest(wanted, None)
            await self._replace(wanted, stage)
        finally:
            stage.abort()
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
            stage.keep(wanted)
        except (MotetError, MemoryError):
            self._committed = (0, None)
            self._go_back(key, before)
            # The gateways have to know whether its tools are still there.
            await self._changed()
            raise
        self._failed.pop(key, None)

    def _go_back(self, key, before):
        self._forget(key)
        data = None if before is None else self._slots.data(key)
        if data is not None:
            self.restore(key, before, data)

    async def abort(self, params, request):
        transfer = self._transfer(params)
        self._close(transfer)
        return {}

    async def list(self, params, request):
        return {"artifacts": [self._about(key) for key in sorted(self._installed)]}

    async def remove(self, params, request):
        key = (choice(params, "kind", KINDS), name_of(params))
        if key not in self._installed:
            raise NotFound("no %s %s" % key)
        self._slots.forget(key)
        self._forget(key)
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
        for transfer in list(self._open.values()):
            self._close(transfer)
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
            if key[0] == "model":
                about.update(self._hosts["model"].facts(key[1]))
        about["state"] = "ready" if reason is None else "failed"
        if reason is not None:
            about["reason"] = reason
        return about

    def _close(self, transfer):
        del self._open[transfer.params["kind"]]
        transfer.stage.abort()

    def _make_room(self, wanted):
        now = platform.clock_ms()
        for transfer in list(self._open.values()):
            if now - transfer.at >= _IDLE_MS:
                self._close(transfer)
            elif transfer.params["kind"] == wanted["kind"]:
                raise Busy("transfer of %s %s is open" % (wanted["kind"], transfer.params["name"]))

    def _transfer(self, params):
        number = uint(params, "transfer", 1, UINT32)
        for kind in self._open:
            if self._open[kind].number == number:
                return self._open[kind]
        raise NotFound("no open transfer %d" % number)

    def _load(self, wanted, data):
        host = self._host(wanted["kind"])
        # What is made now stays for long: among garbage it would keep the heap from ever offering a large block again.
        platform.heap()
        try:
            host.load(wanted["name"], wanted["revision"], data)
        except MemoryError as error:
            # The engines say how much they wanted; the interpreter may not.
            reason = ": %s" % error if str(error) else ""
            free = platform.heap_free()
            raise NoMemory("%s %s does not fit%s, %d bytes are free" % (wanted["kind"], wanted["name"], reason, free))

    def _host(self, kind):
        # Imported when the first artifact arrives: a board without models does not pay for them.
        if kind not in self._hosts:
            if kind == "component":
                from motet_core.components import Components as Host
            else:
                from motet_core.models import Models as Host
            self._hosts[kind] = Host()
            self._supervisor.add(self._hosts[kind])
        return self._hosts[kind]
