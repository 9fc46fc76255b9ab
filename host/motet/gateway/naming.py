# SPDX-License-Identifier: Apache-2.0
"""Names of tools, prompts and resources at the gateway: `<device>.<name>`, and `motet://<device>/scheme/rest`.

A device id has no dot, so the first dot splits. The specification allows 128 characters; clients and its conformance
suite expect 64 at most. Each view has its `Names` of each kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from motet.config.patterns import Template, fits

MAX_NAME = 64
SCHEME = "motet"
LONGEST_URI = 2048
_TOOL = re.compile(r"[A-Za-z0-9_.-]+\Z")
_OWN_URI = re.compile(r"([a-z][a-z0-9+.-]*)://(\S*)\Z")
_EXPOSED_URI = re.compile(rf"{SCHEME}://([A-Za-z0-9_-]{{1,32}})/([a-z][a-z0-9+.-]*)/(\S*)\Z")
Shows = Callable[[str], bool]


def exposed_name(device: str, tool: str) -> str:
    """The name under which clients see `tool` of `device`.

    Raises ValueError, saying why, when it is no valid tool name.
    """
    if not _TOOL.match(tool):
        raise ValueError("a tool name consists of letters, digits, '_', '-' and '.'")
    return _short(f"{device}.{tool}", " with the device id")


def exposed_uri(device: str, own: str) -> str:
    """The URI, or template of one, under which clients see a device's resource. Raises ValueError when it is none."""
    found = _split(own)
    return f"{SCHEME}://{device}/{found[1]}/{found[2]}"


def own_uri(uri: str) -> tuple[str, str] | None:
    """(device, its own URI) of an exposed one; None for any other."""
    found = _EXPOSED_URI.match(uri)
    return None if found is None else (found[1], f"{found[2]}://{found[3]}")


def _split(own: str) -> re.Match[str]:
    found = _OWN_URI.match(own)
    if found is None or len(own) > LONGEST_URI:
        raise ValueError("a resource is named scheme://..., without blanks")
    return found


def _short(name: str, what: str = "") -> str:
    if len(name) > MAX_NAME:
        raise ValueError(f"{len(name)} characters{what}; at most {MAX_NAME}")
    return name


class Names(Protocol):
    """What one kind of things is called in a view."""

    def exposed(self, device: str, own: str) -> str:
        """The name here. Raises ValueError, saying why, for what has none."""

    def own(self, name: str) -> tuple[str, str] | None:
        """(device, its own name) that a name here means, whether there is such a thing or not; None when it can mean nothing."""

    def changes(self, device: str, own: str) -> Mapping[str, Any]:
        """Members of its list entry that are others here, besides the name."""


class _AsTheyAre:
    """Things that keep all but their name."""

    __slots__ = ()

    def changes(self, _device: str, _own: str) -> Mapping[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class Prefixed(_AsTheyAre):
    """`<device>.<name>`, of the devices that `shows`."""

    shows: Shows

    def exposed(self, device: str, own: str) -> str:
        return exposed_name(device, own)

    def own(self, name: str) -> tuple[str, str] | None:
        device, dot, own = name.partition(".")
        return (device, own) if dot and self.shows(device) else None


@dataclass(frozen=True, slots=True)
class PrefixedUris(_AsTheyAre):
    """`motet://<device>/scheme/rest`, of the devices that `shows`."""

    shows: Shows

    def exposed(self, device: str, own: str) -> str:
        return exposed_uri(device, own)

    def own(self, name: str) -> tuple[str, str] | None:
        found = own_uri(name)
        return found if found is not None and self.shows(found[0]) else None


@dataclass(frozen=True, slots=True)
class Plain(_AsTheyAre):
    """One device's own names, where they are valid ones with the device's id, too."""

    device: str

    def exposed(self, device: str, own: str) -> str:
        exposed_name(device, own)
        return own

    def own(self, name: str) -> tuple[str, str] | None:
        return self.device, name


@dataclass(frozen=True, slots=True)
class PlainUris(_AsTheyAre):
    """One device's own URIs; those of the whole fleet mean the same things."""

    device: str

    def exposed(self, _device: str, own: str) -> str:
        _split(own)
        return own

    def own(self, name: str) -> tuple[str, str] | None:
        found = own_uri(name)
        if found is not None:
            return found if found[0] == self.device else None
        return (self.device, name) if _OWN_URI.match(name) else None


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a virtual server: patterns of devices and own names, and what what fits them is called.

    Without a template, resources are called as in the whole fleet.
    """

    device: str
    pattern: str
    template: Template | None
    description: str = ""

    def has(self, device: str, own: str) -> bool:
        """Whether it is about this thing."""
        return fits(self.device, device) and fits(self.pattern, own)

    def name(self, device: str, own: str) -> str:
        """What it calls the thing. Raises ValueError."""
        return exposed_uri(device, own) if self.template is None else self.template.fill(device, own)

    def back(self, name: str) -> tuple[str, str] | None:
        """(device, own name) of a name that it may have given."""
        if self.template is None:
            return own_uri(name)
        found = self.template.back(name)
        # What the template leaves open, its pattern has without a star.
        return None if found is None else (found[0] or self.device, found[1] or self.pattern)


class Chosen:
    """The names of a virtual server: each thing has the one that the first entry about it gives."""

    def __init__(self, choices: Sequence[Choice], uris: bool = False) -> None:
        self._choices, self._uris = tuple(choices), uris

    def exposed(self, device: str, own: str) -> str:
        choice = self._about(device, own)
        if choice is None:
            raise ValueError("it is not part of this server")
        if self._uris:
            _split(own)
            return choice.name(device, own)
        exposed_name(device, own)
        return _short(choice.name(device, own))

    def own(self, name: str) -> tuple[str, str] | None:
        for choice in self._choices:
            found = choice.back(name)
            if found is not None and self._about(*found) is choice:
                return found
        return None

    def changes(self, device: str, own: str) -> Mapping[str, Any]:
        choice = self._about(device, own)
        return {"description": choice.description} if choice is not None and choice.description else {}

    def devices(self, device: str) -> bool:
        """Whether any entry is about this device."""
        return any(fits(choice.device, device) for choice in self._choices)

    def __len__(self) -> int:
        return len(self._choices)

    def _about(self, device: str, own: str) -> Choice | None:
        return next((choice for choice in self._choices if choice.has(device, own)), None)
