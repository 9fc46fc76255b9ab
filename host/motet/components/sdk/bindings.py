# SPDX-License-Identifier: Apache-2.0
"""Bindings of a contract for a language, as files by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from motet.components import wit
from motet.components.sdk import assemblyscript, c, python, rust, zig
from motet.components.sdk.layout import BindingError, Layout
from motet.components.wittypes import World

_GENERATORS: dict[str, Callable[[Layout, int], dict[str, str]]] = {
    "c": c.generate,
    "zig": zig.generate,
    "assemblyscript": assemblyscript.generate,
    "rust": rust.generate,
    "python": python.generate,
}
LANGUAGES = tuple(_GENERATORS)
ARENA = 1024


def generate(language: str, world: World, arena: int = ARENA) -> dict[str, str]:
    """The files for a component of ``world``; ``arena``: bytes for text and lists of one call, a multiple of 8.

    The same world gives the same text. Raises BindingError for a language that is not there or types no device takes.
    """
    if language not in _GENERATORS:
        raise BindingError(f"no bindings for {language!r}: there are {', '.join(LANGUAGES)}")
    if arena < 8 or arena % 8:
        raise BindingError(f"the arena takes a multiple of 8 bytes, not {arena}")
    return _GENERATORS[language](Layout(world), arena)


def write(language: str, contract: Path, out: Path, world: str = "", arena: int = ARENA) -> list[Path]:
    """Generates into a folder, which is made when it is not there; files that are so already are left alone.

    Raises WitError for a contract that is none, BindingError also for what cannot be read or written.
    """
    try:
        made = generate(language, wit.load(contract.read_text("utf-8"), str(contract), world), arena)
        out.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            path = out / name
            if not path.is_file() or path.read_text("utf-8", "replace") != text:
                path.write_text(text, "utf-8")
    except UnicodeDecodeError as error:
        raise BindingError(f"{contract}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise BindingError(f"{error.filename or out}: {error.strerror}") from None
    return [out / name for name in made]
