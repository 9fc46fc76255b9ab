# SPDX-License-Identifier: Apache-2.0
"""Requests come in, wait their turn, run one at a time and are answered exactly once.

A broker may deliver a request twice: the doubled one is answered from memory or dropped. Requests whose time has run out
are answered with an error instead of run, and cancelled ones are not answered at all (MCP, basic/utilities/cancellation).
"""

import asyncio

from motet_core import errors
from motet_core.errors import MotetError, WireError
from motet_core.platform import describe_exception
from motet_core.rpc_requests import Replies, Request, valid_id
from motet_core.wire import packed

_QUEUE = 4


class Dispatcher:
    """`methods`: dict of name -> async (params, request) -> result. `send`: async (bytes). `clock`: ms. `log`: (text)."""

    def __init__(self, methods, send, clock, log, max_reply, interrupt=None):
        self.methods = methods
        self.running = None
        # Who has work between two requests: services.Services, where there are components that ask for it.
        self.background = None
        self.counters = {"requests": 0, "errors": 0, "malformed": 0, "doubled": 0, "expired": 0, "cancelled": 0}
        self._send = send
        self._clock = clock
        self._log = log
        self._max_reply = max_reply
        self._interrupt = interrupt
        self._queue = []
        # Requests that go on in steps.
        self._going_on = []
        self._wake = asyncio.Event()
        self._replies = Replies()

    def peer_restarted(self):
        self._replies.forget_unrouted()
        for request in self._going_on:
            request.cancelled = request.cancelled or request.reply_to is None

    def wake(self):
        """Something is due in the background."""
        self._wake.set()

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
            if self.background is not None:
                await self.background.turn()
            if not self._queue and (self.background is None or not self.background.ready()):
                self._wake.clear()

    async def _request(self, message, envelope):
        identity = (envelope.reply_to, message["id"])
        if not valid_id(message["id"]):
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
        waiting = [request.identity for request in self._queue + self._going_on]
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
        for request in self._going_on:
            # Its next turn ends it.
            request.cancelled = request.cancelled or request.identity == target
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
        await self._work(request, lambda: self._method(request))

    async def _work(self, request, work):
        self.running = request
        try:
            data = await self._answer(request, work)
        except errors.Later as later:
            rest = later
            self._going_on.append(request)
            self.background.later(lambda: self._proceed(request, rest))
        except errors.Cancelled:
            self.counters["cancelled"] += 1
            self._replies.add(request.identity, None)
        except MotetError as error:
            await self._fail(request, error)
        else:
            await self._deliver(request, data)
        finally:
            self.running = None

    async def _proceed(self, request, later):
        """The next step of a request that goes on."""
        self._going_on.remove(request)
        expired = request.deadline is not None and self._clock() > request.deadline
        if not (request.cancelled or expired):
            await self._work(request, lambda: later.proceed(request, lambda method, params: self.tell(request, method, params)))
            return
        await later.work.end()
        if request.cancelled:
            self.counters["cancelled"] += 1
            self._replies.add(request.identity, None)
        else:
            self.counters["expired"] += 1
            await self._fail(request, errors.Expired("the request expired before its last step"))

    async def tell(self, request, method, params):
        """A notification to whoever has sent the request."""
        await self._send(packed.dumps({"jsonrpc": "2.0", "method": method, "params": params}, request.reply_to))

    async def _method(self, request):
        method = self.methods.get(request.method)
        if method is None:
            raise errors.MethodNotFound("unknown method " + request.method[:64])
        return await method(request.params, request)

    async def _answer(self, request, work):
        """Runs `work()` -> the packed reply. Whatever goes wrong leaves as a MotetError with a text for the caller."""
        try:
            result = await work()
            if request.cancelled:
                raise errors.Cancelled("cancelled")
            return self._encode(request, {"result": result})
        except errors.Later:
            raise
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
