# SPDX-License-Identifier: Apache-2.0
"""Finding tools by words, over catalogues instead of devices: a thousand equal devices are one entry with a thousand names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from motet.fleet import Device
from motet.gateway.definitions import Definition
from motet.wire import Json

# Devices that are named for one match.
EXAMPLES = 5
_WORD = re.compile(r"[a-z0-9]+")
# What a word is worth, by where it stands.
_IN_NAME, _IN_TITLE, _IN_TEXT, _IN_DEVICE = 8, 4, 1, 6


@dataclass(slots=True)
class Kind:
    """Devices with one list of tools on one kind of board."""

    board: str
    devices: list[str]
    tools: list[Definition]


def kinds(devices: Iterable[tuple[Device, Iterable[Definition]]]) -> list[Kind]:
    """Devices by their catalogue and board."""
    found: dict[tuple[bytes, str, tuple[str, ...]], Kind] = {}
    for device, tools in devices:
        shown = list(tools)
        # Of equal devices a caller may be allowed different tools.
        key = device.catalogue_hash, device.board, tuple(tool.name for tool in shown)
        found.setdefault(key, Kind(device.board, [], shown)).devices.append(device.id)
    return list(found.values())


def search(found: Iterable[Kind], query: str, most: int) -> list[Json]:
    """The best `most` matches, best first: tool, description, board, how many devices have it, some of their names."""
    wanted = set(_words(query))
    scored = [(score, kind, tool, devices) for kind in found for score, tool, devices in _matches(kind, wanted)]
    scored.sort(key=lambda one: (-one[0], one[2].name, one[3][0]))
    return [_told(kind, tool, devices) for _, kind, tool, devices in scored[:most]]


def _matches(kind: Kind, wanted: set[str]) -> Iterator[tuple[int, Definition, list[str]]]:
    named = [device for device in kind.devices if wanted & set(_words(device))]
    bonus = _IN_DEVICE * (bool(named) + len(wanted & set(_words(kind.board))))
    for tool in kind.tools:
        score = bonus + _score(tool.entry, wanted)
        if score or not wanted:
            yield score, tool, named or kind.devices


def _score(entry: Json, wanted: set[str]) -> int:
    name, title, text = (set(_words(str(entry.get(key, "")))) for key in ("name", "title", "description"))
    return _IN_NAME * len(wanted & name) + _IN_TITLE * len(wanted & title) + _IN_TEXT * len(wanted & text)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _told(kind: Kind, tool: Definition, devices: list[str]) -> dict[str, Any]:
    examples = sorted(devices)[:EXAMPLES]
    return {
        "tool": f"{examples[0]}.{tool.name}",
        "description": str(tool.entry.get("description", ""))[:300],
        "board": kind.board,
        "devices": len(devices),
        "examples": examples,
    }
