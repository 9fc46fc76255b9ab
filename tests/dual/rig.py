# SPDX-License-Identifier: Apache-2.0
"""A device and a client of it in one process, for the tests of this folder."""

import asyncio

from motet_core.device import Device
from motet_core.port import NOTIFICATION, PRESENCE, REPLY, REQUEST, pair
from motet_core.wire import blocks, hello, packed, presence

NONCE = b"12345678"
TIMEOUT_S = 30


class Rig:
    """Client of a Device: `async with`-free, because MicroPython's unittest here is plain. Use `run`."""

    def __init__(self, limit=512, max_total=8192, id="dut", sensors=None, flash=None, extras=()):
        self.port, self.inner = pair(limit)
        self.device = Device(self.inner, id=id, max_total=max_total, sensors=sensors, flash=flash, extras=extras)
        self.presences = []
        self.notifications = []
        self._joiner = blocks.Joiner(1 << 20, lambda: 0)
        self._next = 1
        self._tid = 0

    async def hello(self, nonce=NONCE, id=None):
        """-> the presence record that answers."""
        await self.port.send(0, hello.encode(time_ms=1700000000000, nonce=nonce, id=id))
        count = len(self.presences)
        while len(self.presences) == count:
            await self.pump()
        return self.presences[-1]

    async def send(self, message, reply_to="gw", expires_s=None):
        message["jsonrpc"] = "2.0"
        data = packed.dumps(message, reply_to, expires_s)
        self._tid += 1
        for frame in blocks.split(data, self.port.limit, self._tid):
            await self.port.send(REQUEST, frame)

    async def pump(self):
        """Takes one frame from the device -> (message, Envelope) when a reply is complete, else None."""
        channel, frame = await asyncio.wait_for(self.port.recv(), TIMEOUT_S)
        if channel == PRESENCE:
            self.presences.append(presence.decode(frame))
        elif channel == NOTIFICATION:
            self.notifications.append(packed.loads(frame)[0])
        elif channel == REPLY:
            data = self._joiner.feed(frame)
            return None if data is None else packed.loads(data, binary=True)
        return None

    async def reply(self):
        while True:
            found = await self.pump()
            if found is not None:
                return found[0]

    async def request(self, method, params=None, **envelope):
        """-> the whole answer."""
        self._next += 1
        await self.send({"id": self._next, "method": method, "params": params or {}}, **envelope)
        answer = await self.reply()
        assert answer["id"] == self._next, answer
        return answer

    async def result(self, method, params=None):
        answer = await self.request(method, params)
        assert "result" in answer, answer
        return answer["result"]

    async def error(self, method, params=None):
        answer = await self.request(method, params)
        assert "error" in answer, answer
        return answer["error"]

    async def tool(self, name, **arguments):
        return await self.result("tools/call", {"name": name, "arguments": arguments})

    async def install(self, kind, name, data, revision=1):
        """-> result of the commit, or the error of whichever step failed."""
        import hashlib

        params = {"kind": kind, "name": name, "revision": revision, "size": len(data), "digest": hashlib.sha256(data).digest()}
        answer = await self.request("artifact.begin", params)
        if "error" in answer:
            return answer["error"]
        begun = answer["result"]
        for offset in range(0, len(data), begun["block"]):
            part = data[offset : offset + begun["block"]]
            params = {"transfer": begun["transfer"], "offset": offset, "data": part}
            answer = await self.request("artifact.block", params)
            if "error" in answer:
                return answer["error"]
        answer = await self.request("artifact.commit", {"transfer": begun["transfer"]})
        return answer.get("result") or answer["error"]


def run(work, **options):
    """Runs `async work(rig)` against a fresh device that has heard its hello."""

    async def main():
        rig = Rig(**options)
        task = asyncio.create_task(rig.device.run())
        try:
            await rig.hello(id="given")
            await work(rig)
        finally:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass

    asyncio.run(main())
