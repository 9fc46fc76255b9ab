# SPDX-License-Identifier: Apache-2.0
"""``[capabilities]`` of ``Component.toml``: what a component wants to do on a device. Wanting is not having: policies decide.

The keys are those of ``motet.components.capabilities``; ``store`` and ``messaging`` may name several keys and topics at once, and
``expires`` says after how long the grant ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from motet.components import capabilities
from motet.components.capabilities import Capability, Key
from motet_core import grant_limits

Entry = dict[str, Any]
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"([1-9][0-9]{0,6})([smhdw])")
_MAX_SECONDS = 10 * 365 * 86400
_MAX_RATE, _UINT32 = 10000, (1 << 32) - 1
_DIRECTIONS = ("publish", "subscribe", "request")
# What says which one an entry is about: that may be wanted once.
_ONCE = {"gpio": ("pin", "direction"), "sensors": ("name",), "bus": ("name", "address"), "wasi": ("name",)}
_EXPECTED = {
    "p": "a name of visible characters, with '*' only at its end",
    "n": "a name of visible characters without '*', '+' and '#'",
    "t": "a topic of levels joined by '/', where '+' is any level and '*' at the end any rest",
}


class Capabilities(BaseModel):
    """What is wanted: entries by capability, and how many seconds the grant is to count (None: for ever)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wanted: dict[str, tuple[Entry, ...]] = {}
    expires: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            raise ValueError("expected a table with one key for each capability")
        wanted = {name: tuple(_entries(name, data[name])) for name in data if name != "expires"}
        if sum(map(len, wanted.values())) > grant_limits.MAX_ENTRIES:
            raise ValueError(f"more than {grant_limits.MAX_ENTRIES} entries, which no grant holds")
        return {"wanted": wanted, "expires": _seconds(data["expires"]) if "expires" in data else None}

    @model_validator(mode="after")
    def _pins(self) -> Self:
        for name, keys in (
            ("gpio", ("pin", "direction")),
            ("sensors", ("name",)),
            ("bus", ("name", "address")),
            ("wasi", ("name",)),
        ):
            seen = [tuple(entry[key] for key in keys) for entry in self.wanted.get(name, ())]
            if len(seen) != len(set(seen)):
                raise ValueError(f"{name}: the same one is wanted twice")
        return self

    def limits(self) -> dict[int, list[list[Any]]]:
        """As field 6 of a grant."""
        known = capabilities.known()
        return {known[name].number: [known[name].values(entry) for entry in self.wanted[name]] for name in self.wanted}


def _entries(name: str, given: Any) -> Iterator[Entry]:
    capability = capabilities.known().get(name)
    if capability is None:
        raise ValueError(f"there is no capability {name!r:.40}; there are {', '.join(capabilities.known())}")
    for entry in _rows(capability, given):
        yield _checked(capability, entry)


def _rows(capability: Capability, given: Any) -> Iterator[Any]:
    """One row for each entry, whatever the short form."""
    name = capability.name
    if name == "store" and isinstance(given, dict) and "keys" in given:
        keys = _texts("store.keys", given["keys"])
        yield from ({"key": key, **{k: v for k, v in given.items() if k != "keys"}} for key in keys)
    elif name == "messaging" and isinstance(given, dict):
        yield from _messaging(given)
    elif all(not key.required for key in capability.keys):
        yield given
    elif isinstance(given, list) and given:
        for row in given:
            yield {capability.keys[0].name: row} if isinstance(row, str) else row
    else:
        raise ValueError(f"{name}: expected a list of tables")


def _messaging(given: Mapping[str, Any]) -> Iterator[Entry]:
    unknown = given.keys() - {*_DIRECTIONS, "rate"}
    if unknown:
        raise ValueError(f"messaging: there is no key {min(unknown)!r:.40}; there are {', '.join(_DIRECTIONS)} and rate")
    rate = {"rate": given["rate"]} if "rate" in given else {}
    for direction in _DIRECTIONS:
        for topic in _texts(f"messaging.{direction}", given.get(direction, [])):
            yield {"direction": direction, "topic": topic, **rate}


def _texts(what: str, given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise ValueError(f"{what}: expected a list of texts")
    return given


def _checked(capability: Capability, entry: Any) -> Entry:
    where = capability.name
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: expected a table with {', '.join(key.name for key in capability.keys)}")
    unknown = entry.keys() - {key.name for key in capability.keys}
    if unknown:
        raise ValueError(f"{where}: there is no key {min(unknown)!r:.40}; there are {', '.join(k.name for k in capability.keys)}")
    for key in capability.keys:
        if key.name not in entry and key.required:
            raise ValueError(f"{where}: {key.name} is missing: {key.docs}".rstrip(": "))
        if key.name in entry:
            _check_value(f"{where}.{key.name}", key, entry[key.name])
    return dict(entry)


def _check_value(where: str, key: Key, value: Any) -> None:
    if key.words:
        if value not in key.words:
            raise ValueError(f"{where}: expected one of {', '.join(key.words)}, not {value!r:.40}")
    elif key.kind in _EXPECTED:
        if not isinstance(value, str) or not grant_limits.is_pattern(value, key.kind):
            raise ValueError(f"{where}: expected {_EXPECTED[key.kind]}, not {value!r:.70}")
    else:
        least, most = (1, _MAX_RATE) if key.kind == "r" else (0, _UINT32)
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"{where}: expected a number from {least} to {most}, not {value!r:.40}")


def _seconds(text: Any) -> int:
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= _MAX_SECONDS:
        raise ValueError(f"expires: expected a duration like '30d', '12h' or '90s', at most ten years, not {text!r:.40}")
    return seconds
