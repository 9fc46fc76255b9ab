# SPDX-License-Identifier: Apache-2.0
"""Resources, templates or prompts of all devices that are online: by their names in a view, in one order, page by page.

What devices list is checked once for all that list the same; what the gateway adds to each of them is made when it is listed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from mcp_types import methods
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION
from pydantic import ValidationError

from motet.gateway.naming import SCHEME, Names
from motet.gateway.pages import page
from motet.gateway.roster import Roster
from motet.gateway.values import amount
from motet.gateway.views import FLEET, View

log = logging.getLogger(__name__)
Json = dict[str, Any]
# Entries that the gateway adds to a device's own, by the device's id: of every device the same names, well-formed.
Added = Callable[[str], Sequence[Json]]

Row = tuple[str, tuple[str, Json]]

# Of one kind on one device.
MOST_ENTRIES = 256
MOST_VALUES = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """A list of MCP: its method, its member in the result, and the member of an entry that names it; what full names begin with,
    and what ends the device in them."""

    method: str
    key: str
    name: str
    lead: str
    end: str


RESOURCES = Kind("resources/list", "resources", "uri", f"{SCHEME}://", "/")
TEMPLATES = Kind("resources/templates/list", "resourceTemplates", "uriTemplate", f"{SCHEME}://", "/")
PROMPTS = Kind("prompts/list", "prompts", "name", "", ".")


class Shelf:
    """`names` gives the names that these things have in a view."""

    def __init__(self, kind: Kind, page_size: int, names: Callable[[View], Names], added: Added = lambda device: ()) -> None:
        self.kind, self._page_size, self._names, self._added = kind, page_size, names, added
        self._adds = bool(added(""))
        self._roster: Roster[_Held] = Roster(kind.lead, kind.end)
        # By the list itself, which the fleet shares between equal devices, and by how long their names may be.
        self._shared: WeakValueDictionary[tuple[int, int], _Held] = WeakValueDictionary()

    def show(self, device: str, raw: Sequence[Json]) -> None:
        """Replace what `device` has; what clients could not use is left out and logged."""
        key = id(raw), len(device)
        held = self._shared.get(key)
        if held is None:
            held = self._shared[key] = _Held(raw, dict(self._usable(device, raw)))
        self._roster.put(device, held)

    def hide(self, device: str) -> None:
        """The device is gone."""
        self._roster.pop(device)

    def find(self, view: View, name: str) -> tuple[str, str] | None:
        """(device, its own name) of a name in a view."""
        found = self._names(view).own(name)
        return found if found is not None and self.has(*found) else None

    def has(self, device: str, own: str) -> bool:
        """Whether `device` has something that it calls `own` itself."""
        held = self._roster.get(device)
        return held is not None and (own in held.entries or any(one[self.kind.name] == own for one in self._added(device)))

    def page(
        self, view: View, cursor: str | None, may: Callable[[str], bool] = lambda device: True
    ) -> tuple[list[Json], str | None]:
        """Entries after `cursor` and the next one, of devices that the caller may see. Raises BadCursor."""
        found, after = page(lambda last: self._rows(view, last), cursor, self._page_size)
        return [entry for _, (device, entry) in found if may(device)], after

    def _rows(self, view: View, last: str) -> Iterator[tuple[str, tuple[str, Json]]]:
        if not view.whole:
            rows = self._roster.derived(view.key, lambda: self._choice(view))
            yield from rows[bisect_right(rows, last, key=lambda row: row[0]) :]
            return
        devices = iter((view.device,)) if view.device else (device for device, _ in self._roster.after(last))
        for device in devices:
            if view.shows(device):
                named = sorted(self.shown(device, view), key=lambda row: row[0])
                yield from ((name, (device, one)) for name, one in named if name > last)

    def _choice(self, view: View) -> list[Row]:
        """What a virtual server shows, in order."""
        there = (device for device, _ in self._roster.items() if view.shows(device))
        rows = ((name, (device, one)) for device in there for name, one in self.shown(device, view))
        return sorted(rows, key=lambda row: row[0])

    def shown(self, device: str, view: View) -> Iterator[tuple[str, Json]]:
        """What a device has in a view, by its names there."""
        held, names = self._roster.get(device), self._names(view)
        for one in () if held is None else (*self._added(device), *held.entries.values()):
            own = one[self.kind.name]
            with contextlib.suppress(ValueError):
                name = names.exposed(device, own)
                yield name, {**one, **names.changes(device, own), self.kind.name: name}

    def fingerprint(self, device: str) -> bytes | None:
        """Equal exactly when the device's entries are, None while it has none."""
        held = self._roster.get(device)
        return held.digest if held is not None and (held.entries or self._adds) else None

    def _usable(self, device: str, raw: Sequence[Json]) -> Iterator[tuple[str, Json]]:
        added = self._added(device)
        room, known = MOST_VALUES - sum(map(amount, added)), {str(one[self.kind.name]) for one in added}
        for one in raw:
            own, room = str(one.get(self.kind.name))[:200], room - amount(one)
            try:
                if own in known or room < 0 or len(known) >= MOST_ENTRIES:
                    raise ValueError("it is listed twice, or there are too many")
                self._names(FLEET).exposed(device, own)
                yield own, self._shaped(one)
                known.add(own)
            except (ValueError, ValidationError) as error:
                log.warning("%s of %s is left out: %s: %s", self.kind.key, device, own, str(error).splitlines()[0])

    def _shaped(self, raw: Json) -> Json:
        """The entry as the newest revision has it; ValidationError when there is a revision that cannot have it at all."""
        whole = {self.kind.key: [raw], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
        for version in (*HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION):
            shaped: Json = methods.serialize_server_result(self.kind.method, version, whole)[self.kind.key][0]
        return shaped


class _Held:
    """What equal devices have, by its own names."""

    __slots__ = ("__weakref__", "digest", "entries", "source")

    def __init__(self, source: Sequence[Json], entries: dict[str, Json]) -> None:
        # Held, so that no other list gets its identity meanwhile.
        self.source, self.entries = source, entries
        self.digest = hashlib.sha256(json.dumps(list(entries.values())).encode()).digest()
