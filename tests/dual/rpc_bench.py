# SPDX-License-Identifier: Apache-2.0
"""A dispatcher with nothing around it, for tests."""

import asyncio

from motet_core.rpc import Dispatcher
from motet_core.wire import packed


class Bench:
    """A dispatcher with a clock by hand and a method that waits for its gate."""

    def __init__(self, max_reply=4096):
        self.now = 0
        self.sent = []
        self.logs = []
        self.started = []
        self.interrupts = 0
        self.gate = asyncio.Event()
        methods = {"echo": self.echo, "wait": self.wait, "fail": self.fail, "big": self.big, "memory": self.memory}
        self.rpc = Dispatcher(methods, self.send, lambda: self.now, self.logs.append, max_reply, self.interrupt)

    def interrupt(self):
        self.interrupts += 1

    async def send(self, data):
        self.sent.append(data)

    async def echo(self, params, request):
        self.started.append(request.id)
        return params

    async def wait(self, params, request):
        self.started.append(request.id)
        await self.gate.wait()
        return {}

    async def fail(self, params, request):
        raise ValueError("the key is 1234")

    async def memory(self, params, request):
        raise MemoryError()

    async def big(self, params, request):
        return {"text": "x" * 5000}

    async def give(self, method, id=1, params=None, reply_to="gw", expires_s=None):
        message = {"jsonrpc": "2.0", "id": id, "method": method}
        if params is not None:
            message["params"] = params
        await self.rpc.accept(packed.dumps(message, reply_to, expires_s))

    async def cancel(self, id, reply_to="gw"):
        message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}
        await self.rpc.accept(packed.dumps(message, reply_to))

    async def settle(self):
        for _ in range(20):
            await asyncio.sleep(0)

    def replies(self):
        return [packed.loads(data)[0] for data in self.sent]


def run(work, **options):
    async def main():
        bench = Bench(**options)
        task = asyncio.create_task(bench.rpc.run())
        try:
            await work(bench)
        finally:
            task.cancel()

    asyncio.run(main())
