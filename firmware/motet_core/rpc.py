# SPDX-License-Identifier: Apache-2.0
"""Requests come in, wait their turn, run one at a time and are answered exactly once.

A broker may deliver a request twice: the doubled one is answered from memory or dropped. Requests whose time has run out
are answered with an error instead of run, and cancelled ones are not answered at all (MCP, basic/utilities/cancellation).
"""

import asyncio

from motet_core import errors
from motet_core.errors import MotetError, WireError
from motet_core.platform import describe_exception
from motet_core.wire import packed
from motet_core.wire.cancel import cancel_key

_QUEUE = 4
_REMEMBERED = 16
_KEPT_REPLIES = 4
# A longer answer is remembered as given, without its bytes.
_KEPT_BYTES = 512


class Request:
    """A request on its way: `running` and `cancelled` are watched by whoever works on it."""

    def __init__(self, message, envelope, now):
        self.id = message["id"]
        self.method = message["method"]
        self.params = message.get("params", {})
        self.reply_to = envelope.reply_to
        self.deadline = None if envelope.expires_s is None else now + envelope.expires_s * 1000
        self.cancelled = False

    @property
    def identity(self):
        return (self.reply_to, self.id)

    @property
    def key(self):
        """What the link layer cancels this request by."""
        return cancel_key(self.reply_to, self.id)


class Replies:
    """The last requests by identity, with the bytes of the last few short answers (None: answered, bytes not kept)."""

    def __init__(self):
        self._order = []
        self._data = {}

    def __contains__(self, identity):
        return identity in self._data

    def get(self, identity):
        return self._data.get(identity)

    def add(self, identity, data):
        self._order.append(identity)
        self._data[identity] = data if data and len(data) <= _KEPT_BYTES else None
        if len(self._order) > _REMEMBERED:
            del self._data[self._order.pop(0)]
        if len(self._order) > _KEPT_REPLIES:
            self._data[self._order[-1 - _KEPT_REPLIES]] = None

    def forget_unrouted(self):
        """Ids without a gateway start again with each session of the link."""
        self._order = [identity for identity in self._order if identity[0] is not None]
        self._data = {identity: self._data[identity] for identity in self._order}


class Dispatcher:
    """`methods`: dict of name -> async (params, request) -> result. `send`: async (bytes). `clock`: ms. `log`: (text)."""

    def __init__(self, methods, send, clock, log, max_reply, interrupt=None):
        self.methods = methods
        self.running = None
        self.counters = {"requests": 0, "errors": 0, "malformed": 0, "doubled": 0, "expired": 0, "cancelled": 0}
        self._send = send
        self._clock = clock
        self._log = log
        self._max_reply = max_reply
        self._interrupt = interrupt
        self._queue = []
        self._wake = asyncio.Event()
        self._replies = Replies()

    def peer_restarted(self):
        self._replies.forget_unrouted()

    async def accept(self, payload):
        """Takes a whole message from the link; never raises for what is in it."""
        try:
            message, envelope = packed.loads(payload, binary=True)
            if "method" not in message or not isinstance(message["method"], str):
                raise WireError("message has no method")
        except WireError as error:
            self.counters["malformed"] += 1
            self._log("dropped a message: " + error.message)
            return
        if "id" in message:
            await self._request(message, envelope)
        elif message["method"] == "notifications/cancelled":
            self._cancel(envelope.reply_to, message.get("params"))

    async def run(self, before=None):
        """Works for ever. `before`: async, called before each request so that a waiting cancellation gets through."""
        while True:
            await self._wake.wait()
            if before is not None:
                await before()
            if self._queue:
                await self._turn(self._queue.pop(0))
            if not self._queue:
                self._wake.clear()

    async def _request(self, message, envelope):
        identity = (envelope.reply_to, message["id"])
        if not _valid_id(message["id"]):
            self.counters["malformed"] += 1
            self._log("dropped a request: id is neither a number nor a text of at most 64 characters")
        elif identity in self._replies or self._is_known(identity):
            await self._repeat(identity)
        elif not isinstance(message.get("params", {}), dict):
            await self._fail(Request(message, envelope, 0), errors.InvalidParams("params: expected object"))
        elif len(self._queue) >= _QUEUE:
            await self._fail(Request(message, envelope, 0), errors.Busy("%d requests are waiting already" % _QUEUE))
        else:
            self._queue.append(Request(message, envelope, self._clock()))
            self._wake.set()

    def _is_known(self, identity):
        waiting = [request.identity for request in self._queue]
        return identity in waiting or (self.running is not None and self.running.identity == identity)

    async def _repeat(self, identity):
        self.counters["doubled"] += 1
        data = self._replies.get(identity)
        if data is not None:
            await self._send(data)

    def _cancel(self, reply_to, params):
        target = (reply_to, params.get("requestId") if isinstance(params, dict) else None)
        for request in self._queue:
            if request.identity == target:
                self._queue.remove(request)
                self._replies.add(target, None)
                self.counters["cancelled"] += 1
                return
        if self.running is not None and self.running.identity == target:
            self.running.cancelled = True
            if self._interrupt is not None:
                self._interrupt()

    async def _turn(self, request):
        try:
            await self._serve(request)
        except MemoryError:
            # Not even the answer found room; it is lost, the device is not.
            self._log("dropped an answer: not enough memory")

    async def _serve(self, request):
        self.counters["requests"] += 1
        if request.deadline is not None and self._clock() > request.deadline:
            self.counters["expired"] += 1
            await self._fail(request, errors.Expired("the request expired before its turn"))
            return
        self.running = request
        try:
            data = await self._answer(request)
        except errors.Cancelled:
            self.counters["cancelled"] += 1
            self._replies.add(request.identity, None)
        except MotetError as error:
            await self._fail(request, error)
        else:
            await self._deliver(request, data)
        finally:
            self.running = None

    async def _answer(self, request):
        """Runs the method -> the packed reply. Whatever goes wrong leaves as a MotetError with a text for the caller."""
        method = self.methods.get(request.method)
        if method is None:
            raise errors.MethodNotFound("unknown method " + request.method[:64])
        try:
            result = await method(request.params, request)
            if request.cancelled:
                raise errors.Cancelled("cancelled")
            return self._encode(request, {"result": result})
        except MemoryError:
            raise errors.NoMemory("not enough memory for this request")
        except Exception as error:
            # A WireError here is a result that cannot be sent: no fault of the caller.
            if isinstance(error, MotetError) and not isinstance(error, WireError):
                raise
            self._log(describe_exception(error))
            raise errors.InternalError("internal error, see the device log")

    async def _fail(self, request, error):
        self.counters["errors"] += 1
        body = {"code": error.code, "message": error.message}
        if getattr(error, "data", None) is not None:
            body["data"] = error.data
        await self._deliver(request, self._encode(request, {"error": body}))

    async def _deliver(self, request, data):
        if len(data) > self._max_reply:
            error = {"code": errors.TOO_LARGE, "message": "answer of %d bytes, at most %d" % (len(data), self._max_reply)}
            data = self._encode(request, {"error": error})
        self._replies.add(request.identity, data)
        await self._send(data)

    def _encode(self, request, body):
        body["jsonrpc"] = "2.0"
        body["id"] = request.id
        return packed.dumps(body, request.reply_to)


def _valid_id(value):
    if isinstance(value, str):
        return len(value) <= 64
    return isinstance(value, int) and value is not True and value is not False
