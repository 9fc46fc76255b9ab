# SPDX-License-Identifier: Apache-2.0
"""The capabilities that components may want: one for each interface that devices offer, with what can be said of it.

All of it comes from wit/: the record ``limits`` of an interface gives the keys of ``Component.toml``, the context that policies
see and, in its order, the values of an entry in the grant (``motet_core.grant_limits``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from motet.components import witpackages
from motet.components.wasi import groups
from motet.components.wasi import table as wasi
from motet.components.wittypes import Enum, Interface, Option, Primitive, Record, Type
from motet_core import grant_limits, imports

# Where the interface's own name says too little.
_NAMES = {"inference": "models"}
_WORDS = {"string": "text", "u32": "number"}
# What policies see of every entry besides its own values: whether a name in it is a pattern, and for how long it would count
# (seconds; 0 for ever).
COMMON = {"wildcard": "flag", "expires": "number"}
_TEXT, _NUMBER = "ptn", "ur"


@dataclass(frozen=True)
class Key:
    """One value of an entry. ``kind`` is the letter in ``grant_limits.SHAPES``; ``words`` are an enum's."""

    name: str
    kind: str
    required: bool
    docs: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Capability:
    """``number`` names it in grants, ``path`` is its interface without version."""

    name: str
    number: int
    path: str
    keys: tuple[Key, ...]
    docs: str

    def fields(self) -> dict[str, str]:
        """The context of its policies, in the words of ``motet.policy.schema``."""
        return {key.name: "number" if key.kind in _NUMBER else "text" for key in self.keys} | COMMON

    def values(self, entry: Mapping[str, Any]) -> list[Any]:
        """An entry as it stands in a grant."""
        return [key.words.index(entry[key.name]) if key.words else entry.get(key.name, 0) for key in self.keys]

    def patterns(self, entry: Mapping[str, Any]) -> list[str]:
        """The texts of an entry that may stand for several names."""
        return [entry[key.name] for key in self.keys if key.kind in _TEXT]


# The one that is not in wit/: what devices never offer, and gateways only to what runs on them.
_WASI = Capability(
    groups.NAME,
    groups.NUMBER,
    "wasi",
    (Key("name", "4", True, "a part of WASI", groups.GROUPS), Key("rate", "r", False, "calls a second")),
    "WASI 0.2, for components on gateways.",
)


@cache
def known() -> dict[str, Capability]:
    """All capabilities by name."""
    found = [_capability(path, interface) for path, interface in witpackages.offered().items() if path in imports.TABLE]
    return {capability.name: capability for capability in sorted([*found, _WASI], key=lambda each: each.number)}


def by_interface(path: str) -> Capability | None:
    """The capability that a component needs to import an interface, by its path with or without version."""
    path = path.partition("@")[0]
    if path in wasi.TABLE:
        return _WASI
    return next((capability for capability in known().values() if capability.path == path), None)


def policy_fields() -> dict[str, dict[str, str]]:
    """The capabilities as ``motet.policy`` wants them."""
    return {name: capability.fields() for name, capability in known().items()}


def _capability(path: str, interface: Interface) -> Capability:
    limits = dict(interface.types)["limits"]
    if not isinstance(limits, Record):
        raise TypeError(f"{path}: limits is no record")
    number = imports.TABLE[path][0]
    keys = [_key(m.name, m.type, m.docs, kind) for m, kind in zip(limits.fields, grant_limits.SHAPES[number], strict=True)]
    return Capability(_NAMES.get(interface.name, interface.name), number, path, tuple(keys), limits.docs)


def _key(name: str, kind: Type | None, docs: str, shape: str) -> Key:
    required = not isinstance(kind, Option)
    inner = kind.some if isinstance(kind, Option) else kind
    words = tuple(case.name for case in inner.cases) if isinstance(inner, Enum) else ()
    if not words and not (isinstance(inner, Primitive) and inner.name in _WORDS):
        raise TypeError(f"limits: {name} is neither text, number nor enum")
    return Key(name, shape, required, docs, words)
