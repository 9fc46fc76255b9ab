# SPDX-License-Identifier: Apache-2.0
"""What an access token allows, by its scopes.

`call:<device>.<tool>` allows tool calls, `read:<device>` resources, prompts and completion, `manage` changes of devices over
the API; in the first two a `*` stands for any text. A token without a scope for something is not shown it either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from motet.config.patterns import fits

CALL, READ, MANAGE = "call:", "read:", "manage"
# A token may say much; what is looked at is bounded.
MOST_SCOPES = 256
SUPPORTED = ("call:*", "read:*", MANAGE)


@dataclass(frozen=True, slots=True)
class Scopes:
    """Patterns of devices' tools, and of devices."""

    calls: tuple[str, ...]
    reads: tuple[str, ...]
    manage: bool

    def call(self, device: str, tool: str) -> bool:
        """Whether the tool of this device may be called."""
        name = f"{device}.{tool}"
        return any(fits(pattern, name) for pattern in self.calls)

    @property
    def all_calls(self) -> bool:
        """Whether every tool may be called."""
        return "*" in self.calls

    def read(self, device: str) -> bool:
        """Whether what else this device offers may be read."""
        return any(fits(pattern, device) for pattern in self.reads)


EVERYTHING = Scopes(("*",), ("*",), True)


@lru_cache(maxsize=1024)
def parse(scopes: tuple[str, ...]) -> Scopes:
    """Scopes as a token has them; unknown ones allow nothing."""
    return Scopes(_after(CALL, scopes), _after(READ, scopes), MANAGE in scopes[:MOST_SCOPES])


def _after(prefix: str, scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple(one.removeprefix(prefix) for one in tuple(scopes)[:MOST_SCOPES] if one.startswith(prefix))
