# SPDX-License-Identifier: Apache-2.0
"""Resources, prompts and completion (MCP 2026-07-28, server/resources, server/prompts, server/utilities/completion).

A provider has any of resources(), templates() and prompts() -> list entries, and of the async methods read(uri, params,
request) and prompt(name, params, request) -> result, or None for what is another's; one may have complete(params, request).
"""

from motet_core.cbor_writer import Encoded
from motet_core.errors import InvalidParams, TooLarge
from motet_core.wire.catalogue import hash_lists
from motet_core.wire.packed import pack

# Room that a page needs besides its entries: envelope, id, result names, cursor.
PAGE_OVERHEAD = 160
_LISTS = (
    ("resources/list", "resources", "resources"),
    ("resources/templates/list", "resourceTemplates", "templates"),
    ("prompts/list", "prompts", "prompts"),
)
_ONES = (("resources/read", "uri", "read"), ("prompts/get", "name", "prompt"))


class Offers:
    """`max_total`: largest message in bytes."""

    def __init__(self, max_total):
        self._providers = []
        self._room = max_total - PAGE_OVERHEAD

    def add(self, provider):
        self._providers.append(provider)

    def methods(self):
        methods = {"completion/complete": self._complete}
        for method, key, kind in _LISTS:
            methods[method] = self._list(key, kind)
        for method, key, kind in _ONES:
            methods[method] = self._one(key, kind)
        return methods

    def hash(self):
        """What the presence record tells of them; None when there is nothing."""
        lists = [[pack(entry) for entry in self._entries(kind)] for _, _, kind in _LISTS]
        return hash_lists(lists) if any(lists) else None

    def capabilities(self):
        """The part of server/discover that is about them: true to what is there, because a caller looks for nothing else."""
        found = {}
        for key, kinds in (("resources", ("resources", "templates")), ("prompts", ("prompts",))):
            if any(self._entries(kind) for kind in kinds):
                # No listChanged: that they are others is told by the presence record alone, with another hash of them.
                found[key] = {}
        if any(hasattr(one, "complete") for one in self._providers):
            found["completions"] = {}
        return found

    def _entries(self, kind):
        return [entry for one in self._providers if hasattr(one, kind) for entry in getattr(one, kind)()]

    def _list(self, key, kind):
        async def work(params, request):
            entries = self._entries(kind)
            return page(params, len(entries), lambda index: pack(entries[index]), self._room, key)

        return work

    def _one(self, key, kind):
        async def work(params, request):
            name = params.get(key)
            if not isinstance(name, str):
                raise InvalidParams(key + ": expected string")
            for one in self._providers:
                result = await getattr(one, kind)(name, params, request) if hasattr(one, kind) else None
                if result is not None:
                    return result
            raise InvalidParams("%s: unknown %s" % (key, name[:64]))

        return work

    async def _complete(self, params, request):
        for one in self._providers:
            if hasattr(one, "complete"):
                return await one.complete(params, request)
        return {"completion": {"values": []}}


def page(params, count, entry, room, key):
    """The result of a list method: from the cursor on, as many packed entries (entry(index) -> bytes) as `room` bytes take."""
    index, entries = _cursor(params, count), []
    while index < count:
        data = entry(index)
        if len(data) > room:
            break
        room -= len(data)
        entries.append(Encoded(data))
        index += 1
    result = {"resultType": "complete", key: entries}
    if index < count:
        if not entries:
            raise TooLarge("entry %d of %s does not fit a page" % (index, key))
        result["nextCursor"] = str(index)
    return result


def _cursor(params, count):
    cursor = params.get("cursor")
    if cursor is None:
        return 0
    if isinstance(cursor, str) and 1 <= len(cursor) <= 4 and cursor.isdigit() and int(cursor) < count:
        return int(cursor)
    raise InvalidParams("cursor: not one of this list")
