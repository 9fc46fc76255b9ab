# SPDX-License-Identifier: Apache-2.0
"""Views: what one client sees of the fleet, and under which names.

The whole fleet is at `/mcp`: tools and prompts are called `<device>.<name>`, and a device's resource `scheme://rest` is
`motet://<device>/scheme/rest`. `device:<id>` shows one device under the device's own names, `group:<name>` some devices under
the names of the fleet, and `server:<name>` what a virtual server of the configuration chooses, under the names that it gives.
A view is asked for by path (`/mcp/device:<id>`) or query (`/mcp?view=device:<id>`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from motet.config import Group, VirtualServer
from motet.config.patterns import Template, fits
from motet.gateway.naming import Choice, Chosen, Names, Plain, PlainUris, Prefixed, PrefixedUris, Shows
from motet.wire.topics import valid_id

PATH = "/mcp"
# Where the endpoint leaves a request's view for those who come after it.
_IN_SCOPE = "motet.view"
DEVICE, GROUP, SERVER = "device", "group", "server"
_MOST_DEVICES = 100_000


class BadView(ValueError):
    """The request names no view, or two. `name` is what it names, `status` that of the HTTP answer."""

    def __init__(self, text: str, name: str, status: int = 404) -> None:
        super().__init__(text)
        self.name, self.status = name[:100], status


@dataclass(frozen=True, slots=True)
class View:
    """`key` is its name (`group:line`), empty for the whole fleet; `device` the only device of a device's view, else empty."""

    key: str
    shows: Shows = field(compare=False, repr=False)
    """Whether a device is part of it, or may be."""
    tools: Names = field(compare=False, repr=False)
    prompts: Names = field(compare=False, repr=False)
    uris: Names = field(compare=False, repr=False)
    gateway: tuple[str, ...] = field(default=("*",), compare=False, repr=False)
    """Patterns of the gateway's own tools that are in it."""
    device: str = ""
    offers: tuple[str, ...] = field(default=("resources", "prompts", "completions"), compare=False, repr=False)
    """Capabilities besides tools that it has, as far as it says so itself."""
    title: str = field(default="", compare=False)
    instructions: str = field(default="", compare=False)

    @property
    def kind(self) -> str:
        """device, group or server; empty for the whole fleet."""
        return self.key.partition(":")[0]

    @property
    def whole(self) -> bool:
        """Whether it shows everything of its devices."""
        return self.kind != SERVER

    def has_own(self, tool: str) -> bool:
        """Whether this tool of the gateway itself is in it."""
        return any(fits(pattern, tool) for pattern in self.gateway)


def _everything(_device: str) -> bool:
    return True


FLEET = View("", _everything, Prefixed(_everything), Prefixed(_everything), PrefixedUris(_everything))
# The view of the request at hand, also where the SDK asks before there is a context that could say.
VIEW: ContextVar[View] = ContextVar("view", default=FLEET)


@lru_cache(maxsize=1024)
def device_view(device: str) -> View:
    """The view of one device, whether there is one of this id or not."""
    names = Plain(device)
    return View(f"{DEVICE}:{device}", device.__eq__, names, names, PlainUris(device), (), device)


def group_view(group: Group) -> View:
    """The view of a `[[group]]`."""

    @lru_cache(maxsize=_MOST_DEVICES)
    def shows(device: str) -> bool:
        return any(fits(pattern, device) for pattern in group.devices)

    names = Prefixed(shows)
    key, uris = f"{GROUP}:{group.name}", PrefixedUris(shows)
    return View(key, shows, names, names, uris, title=group.title, instructions=group.instructions)


def server_view(server: VirtualServer) -> View:
    """The view of a `[[server]]`."""
    tools = Chosen([Choice(one.device, one.tool, one.template, one.description) for one in server.tools])
    prompts = Chosen([Choice(one.device, one.prompt, one.template, one.description) for one in server.prompts])
    uris = Chosen(
        [
            Choice(one.device, one.resource, Template(one.exposed, "resource") if one.exposed else None, one.description)
            for one in server.resources
        ],
        uris=True,
    )

    @lru_cache(maxsize=_MOST_DEVICES)
    def shows(device: str) -> bool:
        return any(names.devices(device) for names in (tools, prompts, uris))

    offers = [name for name, names in (("resources", uris), ("prompts", prompts)) if len(names)]
    return View(
        f"{SERVER}:{server.name}",
        shows,
        tools,
        prompts,
        uris,
        tuple(server.gateway),
        offers=(*offers, "completions") if offers else (),
        title=server.title,
        instructions=server.instructions,
    )


class Views:
    """The views that there are: the fleet, one of each device, and those of the configuration, which iterating gives."""

    def __init__(self, groups: Sequence[Group] = (), servers: Sequence[VirtualServer] = ()) -> None:
        made = [*map(group_view, groups), *map(server_view, servers)]
        self._views = {view.key: view for view in made}

    def __iter__(self) -> Iterator[View]:
        return iter(self._views.values())

    def showing(self, device: str) -> Iterator[View]:
        """Every view that the device is part of."""
        yield FLEET
        yield device_view(device)
        yield from (view for view in self._views.values() if view.shows(device))

    def named(self, name: str) -> View:
        """The view called so; the whole fleet for an empty name. Raises BadView."""
        kind, _, rest = name.partition(":")
        if kind == DEVICE and valid_id(rest):
            return device_view(rest)
        if not name:
            return FLEET
        if name not in self._views:
            raise BadView(
                f"there is no view {name[:100]!r}; device:<id> is one of each device, `motet views` lists the others", name
            )
        return self._views[name]

    def enter(self, scope: Any) -> View:
        """The view that an HTTP request asks for, from now on the one of this task and of `of_scope`. Raises BadView."""
        path, query = scope["path"], scope["query_string"]
        if path == PATH and b"view" not in query:
            view = FLEET
        else:
            names = parse_qs(query.decode("latin-1")).get("view", [])
            names += [path.removeprefix(PATH + "/")] if path != PATH else []
            if len(set(names)) > 1:
                raise BadView("the request names several views: by path or by query, one is enough", " ".join(names), 400)
            view = self.named(names[0] if names else "")
        scope[_IN_SCOPE] = view
        VIEW.set(view)
        return view


def of_scope(scope: Mapping[str, Any]) -> View:
    """The view of an HTTP request that the endpoint has let in; the whole fleet for any other."""
    found = scope.get(_IN_SCOPE, FLEET)
    assert isinstance(found, View)
    return found


def of(ctx: Any) -> View:
    """The view of a request that the SDK hands to a handler."""
    return VIEW.get() if ctx.request is None else of_scope(ctx.request.scope)
