# SPDX-License-Identifier: Apache-2.0
"""Resources, templates or prompts of all devices that are online: by their names in a view, in one order, page by page."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_types import methods
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION
from pydantic import ValidationError

from motet.gateway.pages import page
from motet.gateway.values import amount
from motet.gateway.views import FLEET, View

log = logging.getLogger(__name__)
Json = dict[str, Any]

# Of one kind on one device.
MOST_ENTRIES = 256
MOST_VALUES = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """A list of MCP: its method, its member in the result, and the member of an entry that names it."""

    method: str
    key: str
    name: str


RESOURCES = Kind("resources/list", "resources", "uri")
TEMPLATES = Kind("resources/templates/list", "resourceTemplates", "uriTemplate")
PROMPTS = Kind("prompts/list", "prompts", "name")


class Shelf:
    """`expose(view, device, own name)` gives the name in a view, or raises ValueError."""

    def __init__(self, kind: Kind, page_size: int, expose: Callable[[View, str, str], str]) -> None:
        self.kind, self._page_size, self._expose = kind, page_size, expose
        self._devices: dict[str, dict[str, Json]] = {}
        self._digests: dict[str, bytes] = {}
        self._all: dict[str, tuple[str, str]] = {}
        self._order: list[str] | None = None

    def show(self, device: str, raw: Iterable[Json]) -> None:
        """Replace what `device` has; what clients could not use is left out and logged."""
        entries = dict(self._usable(device, raw))
        digest = hashlib.sha256(json.dumps(list(entries.values())).encode()).digest()
        if self._digests.get(device) == digest:
            return
        self.hide(device)
        if entries:
            self._devices[device], self._digests[device] = entries, digest
            self._all |= {self._expose(FLEET, device, own): (device, own) for own in entries}
            self._order = None

    def hide(self, device: str) -> None:
        """The device is gone."""
        for own in self._devices.pop(device, {}):
            del self._all[self._expose(FLEET, device, own)]
            self._order = None
        self._digests.pop(device, None)

    def find(self, view: View, name: str) -> tuple[str, str] | None:
        """(device, its own name) of a name in a view."""
        if not view.device:
            return self._all.get(name)
        return (view.device, name) if name in self._devices.get(view.device, ()) else None

    def page(
        self, view: View, cursor: str | None, may: Callable[[str], bool] = lambda device: True
    ) -> tuple[list[Json], str | None]:
        """Entries after `cursor` and the next one, of devices that the caller may see. Raises BadCursor."""
        if view.device:
            keys = sorted(self._devices.get(view.device, ()))
        else:
            keys = self._order = sorted(self._all) if self._order is None else self._order
        names, after = page(keys, cursor, self._page_size)
        return [self._entry(view, name) for name in names if may(view.device or self._all[name][0])], after

    def fingerprint(self) -> Mapping[str, bytes]:
        """Equal for a device exactly when its entries are."""
        return dict(self._digests)

    def __len__(self) -> int:
        return len(self._all)

    def _entry(self, view: View, name: str) -> Json:
        device, own = (view.device, name) if view.device else self._all[name]
        return {**self._devices[device][own], self.kind.name: name}

    def _usable(self, device: str, raw: Iterable[Json]) -> Iterable[tuple[str, Json]]:
        room, known = MOST_VALUES, set[str]()
        for one in raw:
            own, room = str(one.get(self.kind.name))[:200], room - amount(one)
            try:
                if own in known or room < 0 or len(known) >= MOST_ENTRIES:
                    raise ValueError("it is listed twice, or there are too many")
                self._expose(FLEET, device, own)
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
