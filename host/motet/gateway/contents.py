# SPDX-License-Identifier: Apache-2.0
"""Whose list is another one after devices changed: a view's clients hear of changes to what they see, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from motet.gateway.catalogue import Catalogue
from motet.gateway.offered import Offered
from motet.gateway.views import FLEET, View, Views


class Contents:
    """What views hold, as their clients were told last. With more tools than `limit`, a list is the same three whatever the
    devices do."""

    def __init__(self, views: Views, catalogue: Catalogue, offered: Offered, limit: int) -> None:
        self._views, self._catalogue, self._offered, self._limit = views, catalogue, offered, limit
        # Tools of devices that are in a group, and of the views; of each device what a server shows of it.
        self._sizes: dict[str, int] = {}
        self._totals: dict[str, int] = {}
        self._prints: dict[tuple[str, str, str], bytes] = {}

    def too_long(self, view: View) -> bool:
        """Whether there are more tools in it than a client should have to look at; those of a server are chosen."""
        return view.whole and not view.device and self._catalogue.count(view) > self._limit

    def changed(self, what: str, devices: set[str]) -> Callable[[View], bool]:
        """Whether a view's list ("tools", "resources", "prompts") is another one since this was asked last."""
        sizes = {device: self._catalogue.size(device) for device in devices} if what == "tools" else {}
        others = {view.key for view in (FLEET, *self._views) if self._is_other(view, what, devices, sizes)}
        self._sizes.update(sizes)
        for device in [device for device, size in sizes.items() if not size]:
            del self._sizes[device]
        return lambda view: view.device in devices if view.device else view.key in others

    def _is_other(self, view: View, what: str, devices: Iterable[str], sizes: dict[str, int]) -> bool:
        shown = [device for device in devices if view.shows(device)]
        if not view.whole:
            others = [device for device in shown if self._noted(view, what, device)]
            return bool(others)
        if what != "tools":
            return bool(shown)
        before = self._totals.get(view.key, 0)
        now = self._totals[view.key] = before + sum(sizes[device] - self._sizes.get(device, 0) for device in shown)
        return bool(shown) and not (before > self._limit and now > self._limit)

    def _noted(self, view: View, what: str, device: str) -> bool:
        entries, key = list(self._entries(view, what, device)), (view.key, what, device)
        before = self._prints.pop(key, b"")
        now = hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).digest() if entries else b""
        if now:
            self._prints[key] = now
        return before != now

    def _entries(self, view: View, what: str, device: str) -> Iterable[Any]:
        if what == "tools":
            return ((name, tool.entry) for name, tool in self._catalogue.shown(device, view))
        shelves: Sequence[Any] = (
            (self._offered.prompts,) if what == "prompts" else (self._offered.resources, self._offered.templates)
        )
        return (row for shelf in shelves for row in shelf.shown(device, view))
