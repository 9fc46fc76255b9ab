# SPDX-License-Identifier: Apache-2.0
"""A program that speaks JSON-RPC in lines, shared by many clients: every request gets a number of its own on the way in, and
its client's id back on the way out; so do progress tokens and subscription ids."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]
_LONGEST_LINE = 1 << 20
# A device takes so many at once; the others wait here.
_AT_ONCE = 4
_SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
_LONG = "subscriptions/listen"


class Gone(Exception):
    """The program has ended."""


class _Open:
    """A request that is not answered: the client's own names, and what has come for it."""

    def __init__(self, message: Json) -> None:
        self.id = message["id"]
        self.token = _meta(message).get("progressToken")
        self.said: asyncio.Queue[Json | None] = asyncio.Queue()


class Lines:
    """Use `running`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._open: dict[int, _Open] = {}
        self._numbers = itertools.count(1)
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._over = False

    async def ask(self, message: Json) -> AsyncGenerator[Json]:
        """What the program says to a request, its result or error last. Closed early, the request is withdrawn. Raises Gone."""
        number, one = next(self._numbers), _Open(message)
        self._open[number] = one
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._open.pop, number)
            if message["method"] != _LONG:
                await stack.enter_async_context(self._room)
            answered = False
            try:
                await self._write(_renamed(message, number, one.token))
                while not answered:
                    said = await one.said.get()
                    if said is None:
                        raise Gone("the program has ended")
                    answered = "id" in said
                    yield said
            finally:
                if not answered:
                    await self.tell({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})

    async def tell(self, message: Json) -> None:
        """A notification to the program."""
        with contextlib.suppress(Gone):
            await self._write(message)

    async def _write(self, message: Json) -> None:
        assert self._process.stdin
        if self._over:
            raise Gone("the program has ended")
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            await self._process.stdin.drain()
        except OSError:
            raise Gone("the program has ended") from None

    async def read(self) -> None:
        """Hands out what the program says, until it ends."""
        assert self._process.stdout
        async for line in self._process.stdout:
            self._hand_out(json.loads(line))
        self._over = True
        for one in self._open.values():
            one.said.put_nowait(None)

    def _hand_out(self, message: Json) -> None:
        if "method" not in message:
            if (one := self._open.get(message["id"])) is not None:
                one.said.put_nowait(_back(message, one) | {"id": one.id})
            return
        params = message.get("params", {})
        number = params.get("progressToken", _meta(message).get(_SUBSCRIPTION))
        # What belongs to nobody here is for nobody over HTTP.
        if (one := self._open.get(number)) is not None:
            one.said.put_nowait(_back(message, one))


def _meta(message: Json) -> Json:
    params = message.get("params", message.get("result"))
    meta = params.get("_meta") if isinstance(params, dict) else None
    return meta if isinstance(meta, dict) else {}


def _renamed(message: Json, number: int, token: Any) -> Json:
    changed = {**message, "id": number}
    if token is not None:
        changed["params"] = {**message["params"], "_meta": {**_meta(message), "progressToken": number}}
    return changed


def _back(message: Json, one: _Open) -> Json:
    key = "params" if "params" in message else "result"
    inner = dict(message.get(key) or {})
    if "progressToken" in inner:
        inner["progressToken"] = one.token
    if _SUBSCRIPTION in _meta(message):
        inner["_meta"] = {**_meta(message), _SUBSCRIPTION: one.id}
    return {**message, key: inner} if key in message else message


@contextlib.asynccontextmanager
async def running(command: Sequence[str | Path], folder: Path | None = None) -> AsyncIterator[Lines]:
    """The program `command` inside the block; its end is the end of its input."""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, cwd=folder, limit=_LONGEST_LINE)
    lines = Lines(process)
    reading = asyncio.create_task(lines.read())
    try:
        yield lines
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await asyncio.wait((reading,))
