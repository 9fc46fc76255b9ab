# SPDX-License-Identifier: Apache-2.0
"""One client of a device that answers by itself. It may speak 2026-07-28, where every request tells its revision, or begin with
the handshake of an earlier one; requests go on to the device under numbers of their own."""

import asyncio

from motet_core import errors, platform
from motet_core.errors import InvalidParams, InvalidRequest, MotetError, WireError
from motet_core.mcp import PROTOCOL
from motet_core.stdio.checks import ABILITIES, VERSION, MissingCapability, checked, told, valid_id
from motet_core.stdio.listeners import LISTS, Listeners
from motet_core.stdio.seal import Seal
from motet_core.wire import packed

# Revisions with a handshake whose tools look like those of today.
_WITH_HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
_ASKS_FOR = {"elicitation/create": "elicitation", "sampling/createMessage": "sampling", "roots/list": "roots"}
# What results hold that may be cached (MCP 2026-07-28, server/utilities/caching).
_CACHEABLE = ("tools", "resources", "resourceTemplates", "prompts", "contents", "supportedVersions")
_CLIENT = "stdio"
_SHORTEST_MS, _LONGEST_MS = 1, 60000
_MOST_OPEN = 16
_NO_TEXT = "text that is not UTF-8"


class _Open:
    """A request that is not answered. `able`: the client's capabilities, None for one of an earlier revision. `work`: what the
    device has said of it when it works on."""

    def __init__(self, id, method, params, able):
        self.id, self.method, self.params, self.able = id, method, params, able
        self.work = None


class Session:
    """`say`: takes a message for the client. `deliver`: takes a packed one for the device, of at most `limit` bytes. `info`: who
    the device is, for handshakes. `settled`: called when a request has ended."""

    def __init__(self, say, deliver, limit, info, settled):
        self._say, self._deliver, self._limit, self._info, self._settled = say, deliver, limit, info, settled
        self._listeners, self._seal = Listeners(say), Seal()
        self._open = {}
        self._number = 0
        self._version = None

    @property
    def idle(self):
        """Whether all requests are answered; subscriptions never are."""
        return not self._open

    def take(self, message):
        """A message of the client, an object with a method."""
        if "id" not in message:
            self._notification(message["method"], message.get("params"))
            return
        id = message["id"]
        if not valid_id(id):
            self.refuse(None, InvalidRequest("id is neither a number nor a text of at most 64 characters"))
            return
        try:
            if id in self._listeners or self._find(id) is not None:
                raise InvalidRequest("a request with this id is open")
            if message.get("jsonrpc") != "2.0":
                raise InvalidRequest('"jsonrpc" is not "2.0"')
            self._request(id, message["method"], message.get("params", {}))
        except MotetError as error:
            self.refuse(id, error)

    def refuse(self, id, error):
        """An error for the client."""
        body = {"code": error.code, "message": error.message}
        if getattr(error, "data", None) is not None:
            body["data"] = error.data
        self._say({"jsonrpc": "2.0", "id": id, "error": body})

    def answered(self, message):
        """What the device says to a request."""
        one = self._open.pop(message["id"], None)
        if one is None:
            # Withdrawn meanwhile.
            return
        try:
            if one.work is not None and message.get("error", {}).get("code") == errors.BUSY:
                # The work has begun; it is only asked for again too soon.
                self._go_on(one, one.work)
            elif "error" in message:
                self._say({"jsonrpc": "2.0", "id": one.id, "error": told(one.method, one.params, message["error"])})
            else:
                self._result(one, message["result"])
        except MotetError as error:
            self.refuse(one.id, error)
        self._settled()

    def happened(self, message):
        """A notification of the device."""
        method, params = message["method"], message.get("params", {})
        if self._version is not None and method in LISTS:
            self._say(message)
        self._listeners.happened(method, params)

    def _request(self, id, method, params):
        if not isinstance(params, dict):
            raise InvalidParams("params: expected object")
        meta = params.get("_meta")
        able = None
        if isinstance(meta, dict) and VERSION in meta:
            able = checked(meta)
            if method == "subscriptions/listen":
                self._listeners.add(id, params)
                return
        elif method == "initialize":
            self._handshake(id, params)
            return
        elif method == "ping":
            self._say({"jsonrpc": "2.0", "id": id, "result": {}})
            return
        elif self._version is None:
            raise InvalidParams("_meta: %s and %s are missing" % (VERSION, ABILITIES))
        self._begin(_Open(id, method, params, able), self._unsealed(method, params))

    def _unsealed(self, method, params):
        if "requestState" not in params:
            return params
        inner = dict(params)
        try:
            inner["requestState"] = self._seal.open(params["requestState"], method, params)
        except UnicodeError:
            raise InvalidRequest(_NO_TEXT)
        return inner

    def _handshake(self, id, params):
        asked = params.get("protocolVersion")
        self._version = asked if asked in _WITH_HANDSHAKE else _WITH_HANDSHAKE[0]
        self._begin(_Open(id, "initialize", params, None), {}, "server/discover")

    def _begin(self, one, params, method=None):
        if len(self._open) >= _MOST_OPEN:
            raise errors.Busy("%d requests are open already" % _MOST_OPEN)
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method or one.method, "params": params}
        try:
            data = packed.dumps(message, _CLIENT)
        except WireError as error:
            raise InvalidRequest(error.message)
        except UnicodeError:
            raise InvalidRequest(_NO_TEXT)
        if len(data) > self._limit:
            raise InvalidRequest("a request of %d bytes, at most %d" % (len(data), self._limit))
        self._open[self._number] = one
        self._deliver(data)

    def _result(self, one, result):
        kind = result.setdefault("resultType", "complete")
        if kind == "task":
            self._go_on(one, result)
            return
        if one.method == "initialize":
            result = {"protocolVersion": self._version, "capabilities": result["capabilities"], "serverInfo": self._info}
        elif kind == "input_required":
            self._check_able(one, result.get("inputRequests", {}))
            if "requestState" in result:
                result["requestState"] = self._seal.close(result["requestState"], one.method, one.params)
        elif any(name in result for name in _CACHEABLE):
            # What a gateway would add: good for no time at all, because a device says when something changes.
            result.setdefault("ttlMs", 0)
            result.setdefault("cacheScope", "private")
        self._say({"jsonrpc": "2.0", "id": one.id, "result": result})

    def _check_able(self, one, requests):
        if one.able is None:
            raise errors.MethodNotFound("it asks the client for input, which takes revision %s" % PROTOCOL)
        names = [_ASKS_FOR.get(request.get("method")) for request in requests.values()]
        missing = {name: {} for name in names if name is not None and name not in one.able}
        if missing:
            raise MissingCapability(missing)

    def _go_on(self, one, result):
        """The device works on and wants to be asked again; the client waits, because there are no tasks without a gateway."""
        self._number += 1
        number, one.work = self._number, result
        self._open[number] = one
        pause = min(max(result.get("pollIntervalMs", _SHORTEST_MS), _SHORTEST_MS), _LONGEST_MS)
        asyncio.create_task(self._again(number, one, result.get("requestState"), pause))

    async def _again(self, number, one, state, pause):
        await platform.sleep_ms(pause)
        if self._open.pop(number, None) is None:
            return
        params = dict(one.params)
        params["requestState"] = state
        try:
            self._begin(one, params)
        except MotetError as error:
            self.refuse(one.id, error)
            self._settled()

    def _notification(self, method, params):
        if method != "notifications/cancelled" or not isinstance(params, dict):
            return
        id = params.get("requestId")
        if not valid_id(id):
            return
        self._listeners.remove(id)
        number = self._find(id)
        if number is not None:
            # It will not be answered.
            del self._open[number]
            message = {"jsonrpc": "2.0", "method": method, "params": {"requestId": number}}
            self._deliver(packed.dumps(message, _CLIENT))
            self._settled()

    def _find(self, id):
        for number in self._open:
            if self._open[number].id == id:
                return number
        return None
