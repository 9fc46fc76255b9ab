# SPDX-License-Identifier: Apache-2.0
"""How large types are, for the bounds that devices have."""

from __future__ import annotations

from motet.components.wittypes import Enum, Flags, Primitive, Type, Variant, parts

# As deep as devices follow a value, and as many parts as a schema that agents read should have, each use of a type counted.
MAX_DEPTH, MAX_PARTS = 12, 2000


class Extent:
    """How deep types are nested and how many parts they have. Types share their parts, so each is looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int, Type]] = {}

    def of(self, kind: Type) -> tuple[int, int]:
        """(depth, parts)."""
        if id(kind) not in self._known:
            inner = [self.of(part) for part in parts(kind)]
            depth = max([deep for deep, _ in inner] or [0]) + (not isinstance(kind, Primitive))
            # The type is kept: its id must stay its own.
            self._known[id(kind)] = (depth, min(MAX_PARTS + 1, 1 + _words(kind) + sum(count for _, count in inner)), kind)
        return self._known[id(kind)][:2]


def _words(kind: Type) -> int:
    """Members that are names and nothing else."""
    members = kind.names if isinstance(kind, Flags) else kind.cases if isinstance(kind, Enum | Variant) else ()
    return sum(member.type is None for member in members)
