# SPDX-License-Identifier: Apache-2.0
"""Lists of devices by their hash: ten thousand equal devices are asked once.

The hash is computed here from what a device sent. Otherwise one device could announce the hash of others and give them
its own list.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from motet.fleet.errors import BadAnswer
from motet.wire import Json, WireError, packed
from motet_core.wire.catalogue import hash_lists

T = TypeVar("T")
Tools = tuple[Json, ...]
# Asks a device: (method, params) -> result.
Ask = Callable[[str, Json], Awaitable[Json]]

MAX_CACHED = 256
MAX_TOOLS = 1000
MAX_PAGES = 200
# Devices that are asked for lists of one kind at the same time: with thousands that all have lists of their own, the broker would
# drop what is more than it can queue.
AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Offers:
    """What a device has besides tools: list entries of MCP."""

    resources: tuple[Json, ...] = ()
    templates: tuple[Json, ...] = ()
    prompts: tuple[Json, ...] = ()


NOTHING = Offers()


class _Cache(Generic[T]):
    """`mismatches` counts lists that were not what their device announced."""

    def __init__(self, max_cached: int = MAX_CACHED) -> None:
        self.mismatches = 0
        self._cached: OrderedDict[bytes, T] = OrderedDict()
        self._max_cached = max_cached
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def _read(self, device: str, ask: Ask) -> T:
        raise NotImplementedError

    def _lists(self, found: T) -> Sequence[Sequence[Json]]:
        raise NotImplementedError

    def known(self, wanted: bytes) -> T | None:
        """What has this hash, when it has been read before."""
        found = self._cached.get(wanted)
        if found is not None:
            self._cached.move_to_end(wanted)
        return found

    async def get(self, wanted: bytes, device: str, ask: Ask) -> T:
        """What has the hash `wanted` (16 bytes), read from `device`, in its turn, unless it is known by then.

        Raises FleetError: what `ask` raises, or BadAnswer when the list is malformed or another than announced.
        """
        async with self._turns:
            found = self.known(wanted)
            return self._verified(wanted, device, await self._read(device, ask)) if found is None else found

    def _verified(self, wanted: bytes, device: str, found: T) -> T:
        try:
            real = hash_lists([[packed.pack(entry) for entry in entries] for entries in self._lists(found)])
        except WireError as error:
            raise BadAnswer(device, f"device {device} listed something that cannot be hashed: {error}") from error
        if real != wanted:
            self.mismatches += 1
            raise BadAnswer(device, f"device {device} listed something else ({real.hex()}) than it announced ({wanted.hex()})")
        self._cached[wanted] = found
        if len(self._cached) > self._max_cached:
            self._cached.popitem(last=False)
        return found


class Catalogues(_Cache[Tools]):
    """Lists of tools."""

    async def _read(self, device: str, ask: Ask) -> Tools:
        return await _pages(device, ask, "tools/list", "tools", "name")

    def _lists(self, found: Tools) -> Sequence[Sequence[Json]]:
        return (found,)


class OfferCatalogues(_Cache[Offers]):
    """Resources, templates and prompts together."""

    async def _read(self, device: str, ask: Ask) -> Offers:
        return Offers(
            await _pages(device, ask, "resources/list", "resources", "uri"),
            await _pages(device, ask, "resources/templates/list", "resourceTemplates", "uriTemplate"),
            await _pages(device, ask, "prompts/list", "prompts", "name"),
        )

    def _lists(self, found: Offers) -> Sequence[Sequence[Json]]:
        return (found.resources, found.templates, found.prompts)


async def _pages(device: str, ask: Ask, method: str, key: str, name: str) -> tuple[Json, ...]:
    entries: list[Json] = []
    params: Json = {}
    for _ in range(MAX_PAGES):
        page = await ask(method, params)
        entries += _checked(device, method, page.get(key), name)
        if len(entries) > MAX_TOOLS:
            break
        cursor = page.get("nextCursor")
        if cursor is None:
            return tuple(entries)
        params = {"cursor": cursor}
    raise BadAnswer(device, f"device {device} lists more than {MAX_TOOLS} {key} or {MAX_PAGES} pages")


def _checked(device: str, method: str, entries: Any, name: str) -> list[Json]:
    if not isinstance(entries, list) or not all(isinstance(one, dict) and isinstance(one.get(name), str) for one in entries):
        raise BadAnswer(device, f"device {device} answered {method} without a list of entries that have a {name}")
    return entries
