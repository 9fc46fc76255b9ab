# SPDX-License-Identifier: Apache-2.0
"""Finding tools by words, over catalogues instead of devices: a thousand equal devices are one entry with a thousand names.

Others have their turn in between: what takes a tenth of a second with ten thousand devices must not stop their calls for as long.
"""

from __future__ import annotations

import asyncio
import heapq
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from motet.fleet import Device
from motet.gateway.catalogue import Listing
from motet.gateway.definitions import Definition
from motet.wire import Json

# Devices that are named for one match.
EXAMPLES = 5
_WORD = re.compile(r"[a-z0-9]+")
# What a word is worth, by where it stands.
_IN_NAME, _IN_TITLE, _IN_TEXT, _IN_DEVICE = 8, 4, 1, 6
# Devices, and kinds of them, that are looked at in one go.
_DEVICES, _KINDS = 1000, 50
# Which of a device's tools a caller may see.
Allowed = Callable[[str, Listing], tuple[Definition, ...]]
# What a device's own tool is called where it is searched for.
Name = Callable[[str, str], str]


@dataclass(slots=True)
class Kind:
    """Devices with one list of tools on one kind of board."""

    board: str
    devices: list[str]
    tools: tuple[Definition, ...]


async def kinds(shown: Iterable[tuple[Device, Listing]], allowed: Allowed) -> list[Kind]:
    """Devices by their catalogue and board, and by what of it the caller may see."""
    found: dict[tuple[str, tuple[int, ...]], Kind] = {}
    for number, (device, listing) in enumerate(shown, 1):
        tools = allowed(device.id, listing)
        # Equal devices share their definitions, but a caller may be allowed different ones of them.
        key = device.board, tuple(map(id, tools))
        kind = found.get(key)
        if kind is None:
            kind = found[key] = Kind(device.board, [], tools)
        kind.devices.append(device.id)
        if number % _DEVICES == 0:
            await asyncio.sleep(0)
    return list(found.values())


async def search(found: Iterable[Kind], query: str, most: int, name: Name) -> list[Json]:
    """The best `most` matches, best first: tool, description, board, how many devices have it, some of their names."""
    wanted = set(_words(query))
    scored: list[tuple[int, Kind, Definition, list[str]]] = []
    for number, kind in enumerate(found, 1):
        scored += ((score, kind, tool, devices) for score, tool, devices in _matches(kind, wanted))
        if number % _KINDS == 0 or len(kind.devices) >= _DEVICES:
            await asyncio.sleep(0)
    best = heapq.nsmallest(most, scored, key=lambda one: (-one[0], one[2].name, one[3][0]))
    examples = {id(devices): heapq.nsmallest(EXAMPLES, devices) for _, _, _, devices in best}
    return [_told(kind, tool, len(devices), examples[id(devices)], name) for _, kind, tool, devices in best]


def _matches(kind: Kind, wanted: set[str]) -> Iterator[tuple[int, Definition, list[str]]]:
    named = [device for device in kind.devices if _is_named(device, wanted)] if wanted else []
    bonus = _IN_DEVICE * (bool(named) + len(wanted & set(_words(kind.board))))
    for tool in kind.tools:
        score = bonus + _score(tool.entry, wanted)
        if score or not wanted:
            yield score, tool, named or kind.devices


def _is_named(device: str, wanted: set[str]) -> bool:
    text = device.lower()
    # Almost no device has any, and splitting it into words takes ten times as long.
    return any(word in text for word in wanted) and not wanted.isdisjoint(_words(device))


def _score(entry: Json, wanted: set[str]) -> int:
    name, title, text = (set(_words(str(entry.get(key, "")))) for key in ("name", "title", "description"))
    return _IN_NAME * len(wanted & name) + _IN_TITLE * len(wanted & title) + _IN_TEXT * len(wanted & text)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _told(kind: Kind, tool: Definition, devices: int, examples: list[str], name: Name) -> Json:
    return {
        "tool": name(examples[0], tool.name),
        "description": str(tool.entry.get("description", ""))[:300],
        "board": kind.board,
        "devices": devices,
        "examples": examples,
    }
