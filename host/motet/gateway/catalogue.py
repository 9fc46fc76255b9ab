# SPDX-License-Identifier: Apache-2.0
"""All tools of all devices that are online, as `<device>.<tool>`, in one deterministic order, page by page.

Equal devices share what they show: ten thousand of them cost one entry of a table each.
"""

from __future__ import annotations

import contextlib
import logging
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from motet.fleet import Device
from motet.gateway.definitions import Definition, Definitions, LeftOut
from motet.gateway.pages import BadCursor, page
from motet.gateway.roster import Roster
from motet.gateway.views import FLEET, View

log = logging.getLogger(__name__)

Json = dict[str, Any]
May = Callable[[str, str], bool]


__all__ = ["BadCursor", "Catalogue", "Tool"]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool of one device, as clients see it."""

    device: str
    exposed: str
    definition: Definition
    changes: Mapping[str, Any] | None = None
    """Members of its entry that are others in this view."""

    def entry(self, modern: bool) -> Json | None:
        """The entry of `tools/list`; None when clients of this era cannot be told of the tool."""
        entry = self.definition.entry if modern else self.definition.legacy
        return None if entry is None else {**entry, **(self.changes or {}), "name": self.exposed}


Row = tuple[str, Tool]


class Catalogue:
    """Holds no state of its own that the devices do not give: `show` and `hide` follow them."""

    def __init__(self, page_size: int, max_tools: int) -> None:
        self._page_size, self.max_tools = page_size, max_tools
        self._definitions: WeakValueDictionary[bytes, Definitions] = WeakValueDictionary()
        self._listings: WeakValueDictionary[tuple[bytes, int], Listing] = WeakValueDictionary()
        self._roster: Roster[Listing] = Roster("", ".")
        self._complained: dict[str, bytes] = {}
        self._count = 0

    def show(self, device: Device) -> None:
        """Replace the tools of `device` by its present ones. What cannot be shown is logged and counted."""
        shown = self._roster.get(device.id)
        if shown is not None and shown.hash == device.catalogue_hash:
            return
        self.hide(device.id)
        listing = self._listing(device)
        self._roster.put(device.id, listing)
        self._count += len(listing.names)
        self._complain(device, listing.left_out)

    def _complain(self, device: Device, left_out: Sequence[LeftOut]) -> None:
        # Once for each catalogue: a device may come and go all day.
        if left_out and self._complained.get(device.id) != device.catalogue_hash:
            self._complained[device.id] = device.catalogue_hash
            for tool in left_out:
                log.warning("tool %s of device %s is left out: %s", tool.tool, device.id, tool.reason)

    def _listing(self, device: Device) -> Listing:
        key = device.catalogue_hash, len(device.id)
        found = self._listings.get(key)
        if found is None:
            definitions = self._definitions.get(device.catalogue_hash)
            if definitions is None:
                definitions = self._definitions[device.catalogue_hash] = Definitions(device.tools, self.max_tools)
            found = self._listings[key] = Listing(device.catalogue_hash, definitions, device.id)
        return found

    def hide(self, device: str) -> None:
        """Remove the tools of a device that left."""
        shown = self._roster.pop(device)
        if shown is not None:
            self._count -= len(shown.names)

    def forget(self, device: str) -> None:
        """The device will not come back."""
        self.hide(device)
        self._complained.pop(device, None)

    def get(self, name: str, view: View = FLEET) -> Tool | None:
        """The tool with this name in a view."""
        found = view.tools.own(name)
        definition = None if found is None else self.find(*found)
        if found is None or definition is None:
            return None
        return Tool(found[0], name, definition) if view.whole else Tool(found[0], name, definition, view.tools.changes(*found))

    def find(self, device: str, own: str) -> Definition | None:
        """The tool that `device` itself calls `own`, when clients can see it."""
        listing = self._roster.get(device)
        return None if listing is None else listing.tools.get(own)

    def page(
        self, cursor: str | None, modern: bool, view: View = FLEET, may: May = lambda device, tool: True
    ) -> tuple[list[Json], str | None]:
        """Entries after `cursor`, of tools that the caller may call, and the next cursor.

        A cursor stays good while devices come and go. Raises BadCursor.
        """
        found, after = page(lambda last: self._rows(view, last), cursor, self._page_size)
        allowed = [tool for _, tool in found if may(tool.device, tool.definition.name)]
        return [entry for tool in allowed if (entry := tool.entry(modern)) is not None], after

    def _rows(self, view: View, last: str) -> Iterator[tuple[str, Tool]]:
        if view.device:
            listing = self._roster.get(view.device)
            for own in () if listing is None else listing.names:
                if own > last and listing is not None:
                    yield own, Tool(view.device, own, listing.tools[own])
            return
        if not view.whole:
            rows = self._roster.derived(view.key, lambda: self._choice(view))
            yield from rows[bisect_right(rows, last, key=lambda row: row[0]) :]
            return
        for device, listing in self._roster.after(last):
            for own in listing.names if view.shows(device) else ():
                if (name := f"{device}.{own}") > last:
                    yield name, Tool(device, name, listing.tools[own])

    def _choice(self, view: View) -> list[Row]:
        """What a virtual server shows, in order."""
        rows = []
        for device, _ in self._roster.items():
            for name, tool in self.shown(device, view) if view.shows(device) else ():
                rows.append((name, Tool(device, name, tool, view.tools.changes(device, tool.name))))
        return sorted(rows, key=lambda row: row[0])

    def shown(self, device: str, view: View) -> Iterator[tuple[str, Definition]]:
        """The tools of a device that this view has, with their names there."""
        listing = self._roster.get(device)
        for definition in () if listing is None else listing.every:
            with contextlib.suppress(ValueError):
                yield view.tools.exposed(device, definition.name), definition

    def offering(self, device: str, view: View) -> tuple[Definition, ...]:
        """The tools of a device that this view has."""
        listing = self._roster.get(device)
        if view.whole:
            return () if listing is None else listing.every
        return tuple(definition for _, definition in self.shown(device, view))

    def size(self, device: str) -> int:
        """The number of tools of a device that can be called."""
        listing = self._roster.get(device)
        return 0 if listing is None else len(listing.names)

    def count(self, view: View) -> int:
        """The number of tools in a view that shows its devices as a whole."""
        if view == FLEET:
            return self._count
        return sum(len(listing.names) for device, listing in self._roster.items() if view.shows(device))

    def listing(self, device: str) -> Listing | None:
        """What a device shows; equal devices have the same one."""
        return self._roster.get(device)

    def input_schema(self, name: str, view: View = FLEET) -> Mapping[str, Any] | None:
        """The tool's inputSchema, for the SDK's check of `Mcp-Param-*` headers."""
        tool = self.get(name, view)
        return None if tool is None else tool.definition.entry["inputSchema"]

    def fingerprint(self, device: str) -> bytes | None:
        """Equal exactly when the device's tools are, None while it shows none: what listChanged is about."""
        listing = self._roster.get(device)
        return listing.hash if listing is not None and listing.names else None

    def left_out(self) -> Counter[str]:
        """How many tools are left out at present, by kind of reason."""
        found: Counter[str] = Counter()
        for listing, devices in Counter(listing for _, listing in self._roster.items()).items():
            for tool in listing.left_out:
                found[tool.kind] += devices
        return found

    def __len__(self) -> int:
        return self._count


class Listing:
    """The tools of a catalogue as devices show them whose ids have one length: names together have at most 64 characters."""

    __slots__ = ("__weakref__", "definitions", "every", "hash", "left_out", "names", "tools")

    def __init__(self, catalogue_hash: bytes, definitions: Definitions, device: str) -> None:
        # Held, so that devices with longer and shorter names share them.
        self.hash, self.definitions = catalogue_hash, definitions
        self.tools: dict[str, Definition] = {}
        self.left_out = list(definitions.left_out)
        for own, definition in definitions.tools.items():
            try:
                FLEET.tools.exposed(device, own)
                self.tools[own] = definition
            except ValueError as error:
                self.left_out.append(LeftOut(own, "bad_name", str(error)))
        self.names = tuple(sorted(self.tools))
        self.every = tuple(self.tools.values())
