# SPDX-License-Identifier: Apache-2.0
"""How components and models reach the device: artifact.begin, block, commit, abort, list, remove.

The bytes go into one buffer of exactly their size, asked for at `begin`, so that no heap is lost to growing. Repeating a
block or a commit is harmless: the broker may deliver twice, and a client may not have seen the answer.
"""

import hashlib

from motet_core import platform
from motet_core.errors import Busy, InvalidParams, MotetError, NoMemory, NotFound, Refused
from motet_core.wire.presence import valid_id

KINDS = ("component", "model")
_ENGINES = {"component": "wasm", "model": "nn"}
# What a request needs besides its data: envelope, id, method, names, head of the byte string.
_BLOCK_OVERHEAD = 96
# Heap that stays free for running the device while an artifact arrives.
_RESERVE = 4096
_IDLE_MS = 30000
_UINT32 = 0xFFFFFFFF


class _Transfer:
    def __init__(self, number, params, now):
        self.number = number
        self.params = params
        self.data = bytearray(params["size"])
        self.received = 0
        self.at = now


class Artifacts:
    """`changed`: async, called when tools have come or gone."""

    def __init__(self, supervisor, limit, max_total, changed):
        self._supervisor = supervisor
        self._block = limit - _BLOCK_OVERHEAD
        self._max_entry = max_total - 256
        self._changed = changed
        self._hosts = {}
        self._installed = {}
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
        wanted = _begin_params(params)
        if not platform.has_native(_ENGINES[wanted["kind"]]):
            raise Refused("this build runs no artifacts of kind %s" % wanted["kind"])
        transfer = self._open.get(wanted["kind"])
        if transfer is None or transfer.params != wanted:
            self._make_room(wanted)
            transfer = self._open[wanted["kind"]] = self._allocate(wanted)
        return {"transfer": transfer.number, "block": self._block}

    async def block(self, params, request):
        transfer = self._transfer(params)
        offset = _uint(params, "offset", 0, _UINT32)
        data = params.get("data")
        if not isinstance(data, bytes) or not data:
            raise InvalidParams("data: expected bytes")
        if offset > transfer.received:
            raise InvalidParams("offset: expected at most %d, got %d" % (transfer.received, offset))
        end = offset + len(data)
        if end > len(transfer.data):
            raise InvalidParams("data: ends at %d, the artifact has %d bytes" % (end, len(transfer.data)))
        transfer.data[offset:end] = data
        transfer.received = max(transfer.received, end)
        transfer.at = platform.clock_ms()
        return {"received": transfer.received}

    async def commit(self, params, request):
        if _uint(params, "transfer", 1, _UINT32) == self._committed[0]:
            return self._committed[1]
        transfer = self._transfer(params)
        wanted = transfer.params
        if transfer.received != len(transfer.data):
            raise Refused("%d of %d bytes have arrived" % (transfer.received, len(transfer.data)))
        del self._open[wanted["kind"]]
        if hashlib.sha256(transfer.data).digest() != wanted["digest"]:
            raise Refused("the bytes do not match the digest")
        self._load(wanted, transfer)
        key = (wanted["kind"], wanted["name"])
        self._installed[key] = wanted
        try:
            self._check(key)
        except MotetError:
            # What it replaced is gone already, so its tools are too: the gateways have to know.
            await self._drop(key)
            raise
        result = {name: wanted[name] for name in ("name", "kind", "revision", "size")}
        self._committed = (transfer.number, result)
        await self._changed()
        return result

    async def abort(self, params, request):
        transfer = self._transfer(params)
        del self._open[transfer.params["kind"]]
        return {}

    async def list(self, params, request):
        return {"artifacts": [self._about(key) for key in sorted(self._installed)]}

    async def remove(self, params, request):
        key = (_choice(params, "kind", KINDS), _name(params))
        if key not in self._installed:
            raise NotFound("no %s %s" % key)
        await self._drop(key)
        return {"kind": key[0], "name": key[1]}

    async def _drop(self, key):
        del self._installed[key]
        self._hosts[key[0]].remove(key[1])
        self._committed = (0, None)
        await self._changed()

    def _about(self, key):
        about = dict(self._installed[key])
        reason = self._hosts[key[0]].reason(key[1])
        about["state"] = "ready" if reason is None else "failed"
        if reason is not None:
            about["reason"] = reason
        if key[0] == "model":
            about.update(self._hosts["model"].facts(key[1]))
        return about

    def _make_room(self, wanted):
        now = platform.clock_ms()
        for transfer in list(self._open.values()):
            if now - transfer.at >= _IDLE_MS:
                del self._open[transfer.params["kind"]]
            elif transfer.params["kind"] == wanted["kind"]:
                raise Busy("transfer of %s %s is open" % (wanted["kind"], transfer.params["name"]))
        free = platform.heap_free()
        if wanted["size"] + _RESERVE > free:
            raise NoMemory("%d bytes are needed, %d are free" % (wanted["size"] + _RESERVE, free))

    def _allocate(self, wanted):
        try:
            transfer = _Transfer(self._next, wanted, platform.clock_ms())
        except MemoryError:
            raise NoMemory("no block of %d bytes in %d free" % (wanted["size"], platform.heap_free()))
        self._next += 1
        return transfer

    def _transfer(self, params):
        number = _uint(params, "transfer", 1, _UINT32)
        for kind in self._open:
            if self._open[kind].number == number:
                return self._open[kind]
        raise NotFound("no open transfer %d" % number)

    def _load(self, wanted, transfer):
        host = self._host(wanted["kind"])
        data, transfer.data = transfer.data, None
        # What is made now stays for long: among garbage it would keep the heap from ever offering a large block again.
        platform.heap()
        try:
            host.load(wanted["name"], wanted["revision"], data)
        except MemoryError as error:
            # The engines say how much they wanted; the interpreter may not.
            reason = ": %s" % error if str(error) else ""
            free = platform.heap_free()
            raise NoMemory("%s %s does not fit%s, %d bytes are free" % (wanted["kind"], wanted["name"], reason, free))

    def _check(self, key):
        """Whatever runs must leave the device able to tell of it and to take requests: else it could not be removed either."""
        try:
            self._check_tools(self._hosts[key[0]])
            free = platform.heap_free()
        except MemoryError:
            free = 0
        if free < _RESERVE:
            raise NoMemory("%s %s leaves %d bytes free, %d are needed" % (key[0], key[1], free, _RESERVE))

    def _check_tools(self, host):
        for tool in host.tools():
            if self._supervisor.host(tool) is not host:
                raise Refused("the device has a tool %s already" % tool)
            if len(self._supervisor.entry(tool)) > self._max_entry:
                raise Refused("the description of %s is longer than %d bytes" % (tool, self._max_entry))

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


def _begin_params(params):
    digest = params.get("digest")
    if not isinstance(digest, bytes) or len(digest) != 32:
        raise InvalidParams("digest: expected the 32 bytes of SHA-256")
    return {
        "kind": _choice(params, "kind", KINDS),
        "name": _name(params),
        "revision": _uint(params, "revision", 0, _UINT32),
        "size": _uint(params, "size", 1, _UINT32),
        "digest": digest,
    }


def _uint(params, name, least, most):
    value = params.get(name)
    if value is True or value is False or not isinstance(value, int) or not least <= value <= most:
        raise InvalidParams("%s: expected a number from %d to %d" % (name, least, most))
    return value


def _choice(params, name, choices):
    if params.get(name) not in choices:
        raise InvalidParams("%s: expected one of %s" % (name, ", ".join(choices)))
    return params[name]


def _name(params):
    if not valid_id(params.get("name")):
        raise InvalidParams("name: expected 1 to 32 characters of A-Z a-z 0-9 _ -")
    return params["name"]
