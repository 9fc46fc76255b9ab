# SPDX-License-Identifier: Apache-2.0
"""Bindings of a contract for a language, as files by name."""

from __future__ import annotations

from collections.abc import Callable

from motet.components.sdk import assemblyscript, c, rust, zig
from motet.components.sdk.layout import BindingError, Layout
from motet.components.wittypes import World

_GENERATORS: dict[str, Callable[[Layout, int], dict[str, str]]] = {
    "c": c.generate,
    "zig": zig.generate,
    "assemblyscript": assemblyscript.generate,
    "rust": rust.generate,
}
LANGUAGES = tuple(_GENERATORS)
ARENA = 1024


def generate(language: str, world: World, arena: int = ARENA) -> dict[str, str]:
    """The files for a component of ``world``; ``arena``: bytes for text and lists of one call, a multiple of 8.

    The same world gives the same text. Raises BindingError for a language that is not there or types no device takes.
    """
    if language not in _GENERATORS:
        raise BindingError(f"no bindings for {language!r}: there are {', '.join(LANGUAGES)}")
    return _GENERATORS[language](Layout(world), arena)
