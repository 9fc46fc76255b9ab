# SPDX-License-Identifier: Apache-2.0
"""What components hold handles to, and what all parts of WASI share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from motet.components.wasi import groups
from motet_core.capability import PLAIN, Rated

# Interfaces count from the start of this process: how long the machine has been on is nobody's business.
_BEGAN = time.monotonic_ns()
Check = Callable[..., None]
Row = tuple[Check, Callable[..., Any], int]


def now() -> int:
    """Nanoseconds since this process began."""
    return time.monotonic_ns() - _BEGAN


class Session(Protocol):
    """The instance that calls: what ends with it, and what it pays with. ``jit.wasilink.Session``."""

    def wait_until(self, instant: int) -> None:
        """Waits, or less when the call is cancelled or its fuel is used up."""
        ...


@dataclass(eq=False)
class Thing:
    """Something that a component has a handle to; ``resource`` is the name of its type."""

    resource = ""


@dataclass(eq=False)
class Pollable(Thing):
    """Ready from ``instant`` on."""

    resource = "pollable"
    instant: int = 0

    @property
    def ready(self) -> bool:
        """Whether it is."""
        return now() >= self.instant


class Part(Rated):  # type: ignore[misc]
    """A part of WASI that one component may use, so often."""

    group: int | None = None

    @classmethod
    def entries(cls, limits: dict[int, list[list[Any]]]) -> list[list[int]]:
        """The rates that a grant gives, at most one; without a group of its own it comes with any other, and has none."""
        rows = limits.get(groups.NUMBER, [])
        if cls.group is None:
            return [[0]] if rows else []
        return [[rate] for group, rate in rows if group == cls.group][:1]


def rows(check: Check = Part.check, kind: int = PLAIN, **works: Callable[..., Any]) -> dict[str, Row]:
    """Rows by name; ``_`` in a keyword is ``-`` in the function's name."""
    return {name.replace("_", "-"): (check, work, kind) for name, work in works.items()}


def methods(resource: str, check: Check = Part.check, kind: int = PLAIN, **works: Callable[..., Any]) -> dict[str, Row]:
    """The same for the methods of a resource."""
    return {f"[method]{resource}.{name}": row for name, row in rows(check, kind, **works).items()}
