# SPDX-License-Identifier: Apache-2.0
"""Views: what one client sees of the fleet, and under which names.

The whole fleet is at `/mcp`: tools and prompts are called `<device>.<name>`, and a device's resource `scheme://rest` is
`motet://<device>/scheme/rest`. `/mcp/device:<id>` and `/mcp?view=device:<id>` show one device under the device's own names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from motet.gateway.naming import exposed_name
from motet.wire.topics import valid_id

PATH = "/mcp"
SCHEME = "motet"
_OWN = re.compile(r"([a-z][a-z0-9+.-]*)://(\S*)\Z")
_EXPOSED = re.compile(rf"{SCHEME}://([A-Za-z0-9_-]{{1,32}})/([a-z][a-z0-9+.-]*)/(\S*)\Z")
_LONGEST = 2048


class BadView(ValueError):
    """The query names no view; the text says which there are."""


@dataclass(frozen=True, slots=True)
class View:
    """`device`: the id of the only device in it; empty for the whole fleet."""

    device: str = ""

    def shows(self, device: str) -> bool:
        """Whether the device is part of it."""
        return self.device in ("", device)

    def name(self, device: str, own: str) -> str:
        """The name of a tool or prompt in this view. Raises ValueError, saying why, when it is no valid one."""
        full = exposed_name(device, own)
        return own if self.device else full

    def own_name(self, name: str) -> tuple[str, str] | None:
        """(device, the device's own name) of a tool or prompt in this view; None when it names no device."""
        device, dot, own = (self.device, ".", name) if self.device else name.partition(".")
        return (device, own) if dot else None

    def uri(self, device: str, own: str) -> str:
        """The URI, or template of one, of a device's resource in this view. Raises ValueError when it is no URI."""
        found = _OWN.match(own)
        if found is None or len(own) > _LONGEST:
            raise ValueError("a resource is named scheme://..., without blanks")
        return own if self.device else f"{SCHEME}://{device}/{found[1]}/{found[2]}"

    def own_uri(self, uri: str) -> tuple[str, str] | None:
        """(device, the device's own URI) of a URI in this view; None when it names nothing of a device."""
        found = _EXPOSED.match(uri)
        if found is not None:
            return (found[1], f"{found[2]}://{found[3]}") if self.shows(found[1]) else None
        return (self.device, uri) if self.device and _OWN.match(uri) else None


FLEET = View()


def of_scope(scope: Mapping[str, Any]) -> View:
    """The view that a request's path (`/mcp/device:<id>`) or query (`/mcp?view=device:<id>`) asks for. Raises BadView."""
    path, query = scope["path"], scope["query_string"]
    if path == PATH and b"view" not in query:
        return FLEET
    named = [path.removeprefix(PATH + "/")] if path != PATH else []
    values = named + parse_qs(query.decode("latin-1")).get("view", [])
    kind, _, device = values[0].partition(":") if len(values) == 1 else ("", "", "")
    if kind != "device" or not valid_id(device):
        raise BadView("a view is device:<id>; without one, all devices are shown")
    return View(device)


def of(ctx: Any) -> View:
    """The view of a request that the SDK hands to a handler; the whole fleet on standard input and output."""
    return FLEET if ctx.request is None else of_scope(ctx.request.scope)
