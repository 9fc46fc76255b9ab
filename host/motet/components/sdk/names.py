# SPDX-License-Identifier: Apache-2.0
"""Names of a contract as names of a language: its way of writing them, its keywords left out, each name only once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from motet.components.wittypes import ListOf, Option, Result, Tuple, Type

# Longer names of types that have none of their own are cut to a digest: types nest deeply.
_MAX_NAME = 40


def words(name: str) -> list[str]:
    """``Temp-2-max`` -> temp, 2, max. Case carries no meaning in WIT."""
    return name.lower().split("-")


def snake(name: str) -> str:
    """``temp_2_max``."""
    return "_".join(words(name))


def upper(name: str) -> str:
    """``TEMP_2_MAX``."""
    return snake(name).upper()


def pascal(name: str) -> str:
    """``Temp2Max``."""
    return "".join(word.capitalize() for word in words(name))


def camel(name: str) -> str:
    """``temp2Max``."""
    text = pascal(name)
    return text[0].lower() + text[1:]


class Scope:
    """Names that are taken in one place of the generated source."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = set(reserved)

    def take(self, *wanted: str) -> str:
        """The first of the wanted names that is free, or the first with a number; it is taken from now on."""
        name = next((name for name in wanted if name not in self._taken), "")
        number = 1
        while not name:
            number += 1
            candidate = f"{wanted[0]}_{number}" if wanted[0][-1] != "_" else f"{wanted[0]}{number}"
            name = candidate if candidate not in self._taken else ""
        self._taken.add(name)
        return name

    def members(self, names: Iterable[str]) -> list[str]:
        """A name for each of several members of one type, in a scope of their own with the same reserved names."""
        inner = Scope(self._taken)
        return [inner.take(name, name + "_") for name in names]


def described(kind: Type) -> str:
    """A type's own name in WIT's spelling, or one made of its parts: ``list-u8``."""
    named = getattr(kind, "name", "")
    if named:
        return str(named)
    match kind:
        case ListOf(element):
            text = f"list-{described(element)}"
        case Option(some):
            text = f"option-{described(some)}"
        case Result(ok, err):
            text = f"result-{described(ok) if ok else 'none'}-{described(err) if err else 'none'}"
        case Tuple(items):
            text = "-".join(["tuple", *(described(item) for item in items)])
        case _:
            text = f"{type(kind).__name__.lower()}-{_digest(repr(kind))}"
    return text if len(text) <= _MAX_NAME else f"{words(text)[0]}-{_digest(text)}"


def _digest(text: str) -> str:
    return "h" + hashlib.sha256(text.encode()).hexdigest()[:8]


def owner(interface: str) -> str:
    """The short name of an interface: ``log`` of ``motet:device/log@0.1.0``."""
    return interface.rpartition("/")[2].partition("@")[0]
