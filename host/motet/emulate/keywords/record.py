# SPDX-License-Identifier: Apache-2.0
"""Remembers keyword calls, so that `Requires` can bring about a state by doing again what led to it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

Keyword = TypeVar("Keyword", bound=Callable[..., Any])
Event = tuple[str, tuple[Any, ...], dict[str, Any]]


class Recorder:
    """Calls since the last reset, and what had been called when a state was provided."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.states: dict[str, list[Event]] = {}
        self._inside = 0

    def call(self, name: str, function: Callable[..., Any], library: Any, *args: Any, **named: Any) -> Any:
        # A keyword that is called by a keyword happens again with it.
        if not self._inside:
            self.events.append((name, args, named))
        self._inside += 1
        try:
            return function(library, *args, **named)
        finally:
            self._inside -= 1


def keyword(function: Keyword) -> Keyword:
    """A method that is a Robot keyword and belongs to the way to a state."""

    @functools.wraps(function)
    def run(self: Any, *args: Any, **named: Any) -> Any:
        return self.recorder.call(function.__name__, function, self, *args, **named)

    return run  # type: ignore[return-value]
