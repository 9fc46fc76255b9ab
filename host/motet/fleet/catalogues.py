# SPDX-License-Identifier: Apache-2.0
"""Tool lists by their hash: ten thousand equal devices are asked once.

The hash is computed here from what a device sent. Otherwise one device could announce the hash of others and give them
its own list.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from motet.fleet.errors import BadAnswer
from motet.wire import Json, WireError, packed
from motet_core.wire.catalogue import hash_packed

Tools = tuple[Json, ...]
# Asks a device: (method, params) -> result.
Ask = Callable[[str, Json], Awaitable[Json]]

MAX_CACHED = 256
MAX_TOOLS = 1000
MAX_PAGES = 200


class Catalogues:
    """The cache. `mismatches` counts lists that were not what their device announced."""

    def __init__(self, max_cached: int = MAX_CACHED) -> None:
        self.mismatches = 0
        self._cached: OrderedDict[bytes, Tools] = OrderedDict()
        self._max_cached = max_cached
        self._locks: dict[bytes, _Lock] = {}

    def known(self, wanted: bytes) -> Tools | None:
        """The tools with this hash when they have been read before."""
        tools = self._cached.get(wanted)
        if tools is not None:
            self._cached.move_to_end(wanted)
        return tools

    async def get(self, wanted: bytes, device: str, ask: Ask) -> Tools:
        """The tools with hash `wanted` (16 bytes), read from `device` unless another one is being asked for the same.

        Raises FleetError: what `ask` raises, or BadAnswer when the list is malformed or another than announced.
        """
        lock = self._locks.setdefault(wanted, _Lock())
        lock.users += 1
        try:
            async with lock.lock:
                tools = self.known(wanted)
                if tools is None:
                    tools = self._verified(wanted, device, await _read(device, ask))
                return tools
        finally:
            lock.users -= 1
            if not lock.users:
                del self._locks[wanted]

    def _verified(self, wanted: bytes, device: str, tools: Tools) -> Tools:
        try:
            found = hash_packed([packed.pack(tool) for tool in tools])
        except WireError as error:
            raise BadAnswer(device, f"device {device} listed a tool that cannot be hashed: {error}") from error
        if found != wanted:
            self.mismatches += 1
            raise BadAnswer(device, f"device {device} listed other tools ({found.hex()}) than it announced ({wanted.hex()})")
        self._cached[wanted] = tools
        if len(self._cached) > self._max_cached:
            self._cached.popitem(last=False)
        return tools


class _Lock:
    def __init__(self) -> None:
        self.lock, self.users = asyncio.Lock(), 0


async def _read(device: str, ask: Ask) -> Tools:
    tools: list[Json] = []
    params: Json = {}
    for _ in range(MAX_PAGES):
        page = await ask("tools/list", params)
        tools += _checked(device, page.get("tools"))
        if len(tools) > MAX_TOOLS:
            break
        cursor = page.get("nextCursor")
        if cursor is None:
            return tuple(tools)
        params = {"cursor": cursor}
    raise BadAnswer(device, f"device {device} lists more than {MAX_TOOLS} tools or {MAX_PAGES} pages")


def _checked(device: str, tools: Any) -> list[Json]:
    if not isinstance(tools, list) or not all(isinstance(tool, dict) and isinstance(tool.get("name"), str) for tool in tools):
        raise BadAnswer(device, f"device {device} answered tools/list without a list of named tools")
    return tools
