# SPDX-License-Identifier: Apache-2.0
"""All tools of all devices that are online, as `<device>.<tool>`, in one deterministic order, page by page."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from motet.fleet import Device
from motet.gateway.definitions import Definition, Definitions, LeftOut
from motet.gateway.pages import BadCursor, page
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

    def entry(self, modern: bool) -> Json | None:
        """The entry of `tools/list`; None when clients of this era cannot be told of the tool."""
        entry = self.definition.entry if modern else self.definition.legacy
        return None if entry is None else {**entry, "name": self.exposed}


class Catalogue:
    """Holds no state of its own that the devices do not give: `show` and `hide` follow them."""

    def __init__(self, page_size: int, max_tools: int, list_up_to: int = 1 << 30) -> None:
        self._page_size, self.max_tools, self._list_up_to = page_size, max_tools, list_up_to
        self._shared: WeakValueDictionary[bytes, Definitions] = WeakValueDictionary()
        self._devices: dict[str, _Shown] = {}
        self._tools: dict[str, Tool] = {}
        self._complained: dict[str, bytes] = {}
        self._order: list[str] | None = None

    def show(self, device: Device) -> None:
        """Replace the tools of `device` by its present ones. What cannot be shown is logged and counted."""
        shown = self._devices.get(device.id)
        if shown is not None and shown.hash == device.catalogue_hash:
            return
        self.hide(device.id)
        shown = self._devices[device.id] = _Shown(device.catalogue_hash, self._definitions(device))
        for definition in shown.definitions.tools.values():
            self._show_tool(device.id, definition, shown)
        shown.left_out += shown.definitions.left_out
        self._complain(device, shown.left_out)

    def _complain(self, device: Device, left_out: list[LeftOut]) -> None:
        # Once for each catalogue: a device may come and go all day.
        if left_out and self._complained.get(device.id) != device.catalogue_hash:
            self._complained[device.id] = device.catalogue_hash
            for tool in left_out:
                log.warning("tool %s of device %s is left out: %s", tool.tool, device.id, tool.reason)

    def _show_tool(self, device: str, definition: Definition, shown: _Shown) -> None:
        try:
            name = FLEET.name(device, definition.name)
        except ValueError as error:
            shown.left_out.append(LeftOut(definition.name, "bad_name", str(error)))
            return
        self._tools[name] = Tool(device, name, definition)
        shown.names.append(name)
        self._order = None

    def _definitions(self, device: Device) -> Definitions:
        found = self._shared.get(device.catalogue_hash)
        if found is None:
            found = self._shared[device.catalogue_hash] = Definitions(device.tools, self.max_tools)
        return found

    def hide(self, device: str) -> None:
        """Remove the tools of a device that left."""
        shown = self._devices.pop(device, None)
        if shown is not None:
            for name in shown.names:
                del self._tools[name]
            self._order = None

    def forget(self, device: str) -> None:
        """The device will not come back."""
        self.hide(device)
        self._complained.pop(device, None)

    def get(self, name: str, view: View = FLEET) -> Tool | None:
        """The tool with this name in a view."""
        if not view.device:
            return self._tools.get(name)
        # Only what has a valid name in the fleet is there.
        tool = self._tools.get(f"{view.device}.{name}")
        return None if tool is None else Tool(tool.device, name, tool.definition)

    def page(
        self, cursor: str | None, modern: bool, view: View = FLEET, may: May = lambda device, tool: True
    ) -> tuple[list[Json], str | None]:
        """Entries after `cursor`, of tools that the caller may call, and the next cursor.

        A cursor stays good while devices come and go. Raises BadCursor.
        """
        names, after = page(self._names(view), cursor, self._page_size)
        found = [tool for name in names if (tool := self.get(name, view)) is not None]
        allowed = [tool for tool in found if may(tool.device, tool.definition.name)]
        return [entry for tool in allowed if (entry := tool.entry(modern)) is not None], after

    def _names(self, view: View) -> list[str]:
        if view.device:
            shown = self._devices.get(view.device)
            return [] if shown is None else sorted(name.removeprefix(view.device + ".") for name in shown.names)
        if self._order is None:
            self._order = sorted(self._tools)
        return self._order

    @property
    def too_long(self) -> bool:
        """Whether there are more tools than a client should have to look at; `fleet.search` is there for these."""
        return len(self._tools) > self._list_up_to

    def definitions(self, device: str) -> Iterable[Definition]:
        """The tools of a device that can be called."""
        shown = self._devices.get(device)
        return () if shown is None else (self._tools[name].definition for name in shown.names)

    def input_schema(self, name: str, view: View = FLEET) -> Mapping[str, Any] | None:
        """The tool's inputSchema, for the SDK's check of `Mcp-Param-*` headers."""
        tool = self.get(name, view)
        return None if tool is None else tool.definition.entry["inputSchema"]

    def fingerprint(self) -> dict[str, bytes]:
        """Equal exactly when the tools are: what listChanged is about."""
        return {device: shown.hash for device, shown in self._devices.items() if shown.names}

    def left_out(self) -> Counter[str]:
        """How many tools are left out at present, by kind of reason."""
        return Counter(tool.kind for shown in self._devices.values() for tool in shown.left_out)

    def __len__(self) -> int:
        return len(self._tools)


class _Shown:
    __slots__ = ("definitions", "hash", "left_out", "names")

    def __init__(self, catalogue_hash: bytes, definitions: Definitions) -> None:
        self.hash, self.definitions = catalogue_hash, definitions
        self.names: list[str] = []
        self.left_out: list[LeftOut] = []
