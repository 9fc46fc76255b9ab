# SPDX-License-Identifier: Apache-2.0
"""Renode's platform descriptions (.repl), as far as a board that is emulated elsewhere needs them: names and addresses.

Comments that Renode ignores say which board of ours it is::

    //@motet board stm32f405
    //@motet uart 0 usart1
    //@motet uart 1 usart2

``uart`` tells which of Renode's names is the UART that the [links] of the board's board.toml count so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from motet.emulate.keywords.errors import KeywordError

_MARK = re.compile(r"//@motet\s+(?:board\s+(?P<board>\w+)|uart\s+(?P<number>\d+)\s+(?P<uart>\w+))\s*$")
_USING = re.compile(r'using\s+"([^"]+)"\s*$')
_ENTRY = re.compile(r"(?P<name>\w+)\s*:\s*(?P<type>[A-Z]\w*(?:\.\w+)+)?\s*(?:@\s*(?P<where>[^{]*?))?\s*(?P<rest>\{.*)?$")
_ADDRESS = re.compile(r"<?\s*(0x[0-9A-Fa-f_]+|\d+)")
_PROPERTY = re.compile(r"\s+(?P<key>[\w\[\]@, -]+?)\s*(?::|->)\s*(?P<value>.*)$")


@dataclass
class Entry:
    """One peripheral; ``address`` is None for what has no place on the bus."""

    name: str
    type: str = ""
    address: int | None = None
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return int(self.properties.get("size", "0"), 0)


@dataclass
class Platform:
    """A description with everything it uses. ``board`` and ``uarts`` (numbers by Monitor name): what the comments say;
    ``foreign``: Renode's own files it builds on."""

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    board: str = ""
    uarts: dict[str, int] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)

    @property
    def memories(self) -> list[Entry]:
        return [e for e in self.entries.values() if e.type.startswith("Memory.") and e.address is not None]


def load(path: Path) -> Platform:
    """Read a .repl. Raises KeywordError naming file and line."""
    platform = Platform(path)
    _read(path, platform)
    return platform


def _read(path: Path, platform: Platform) -> None:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KeywordError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    current: Entry | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.startswith("//@motet") and not _MARK.match(raw):
            raise KeywordError(f"{path}:{number}: neither //@motet board NAME nor //@motet uart NUMBER NAME: {raw}")
        if mark := _MARK.match(raw):
            platform.board = platform.board or mark["board"] or ""
            if mark["uart"]:
                platform.uarts[f"sysbus.{mark['uart']}"] = int(mark["number"])
        line = re.sub(r"\s*//.*", "", raw).rstrip()
        if not line.strip():
            continue
        if line[0].isspace():
            _add_property(current, line)
        elif using := _USING.match(line):
            _use(path, using[1], platform)
        else:
            current = _entry(line, f"{path}:{number}", platform)


def _use(path: Path, name: str, platform: Platform) -> None:
    # Only names that begin with a dot are relative to the file; others are Renode's own.
    if name.startswith("."):
        _read(path.parent / name, platform)
    else:
        platform.foreign.append(name)


def _entry(line: str, where: str, platform: Platform) -> Entry:
    found = _ENTRY.match(line)
    if not found:
        raise KeywordError(f"{where}: not understood: {line.strip()}")
    entry = platform.entries.setdefault(found["name"], Entry(found["name"]))
    entry.type = found["type"] or entry.type
    if found["where"] and found["where"].startswith("sysbus") and (address := _ADDRESS.search(found["where"][6:])):
        entry.address = int(address[1].replace("_", ""), 0)
    return entry


def _add_property(entry: Entry | None, line: str) -> None:
    if entry is not None and (found := _PROPERTY.match(line)):
        entry.properties[found["key"].strip()] = found["value"].strip()
