# SPDX-License-Identifier: Apache-2.0
"""The types a device's component may use: WIT without resources, streams and futures, as plain immutable data.

Two named types with equal contents are different types in WIT and one here: names carry no meaning for the Canonical ABI.
"""

from __future__ import annotations

from dataclasses import dataclass

# In the order of their numbers in a descriptor.
PRIMITIVES = ("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string")
MAX_FLAGS = 32


@dataclass(frozen=True)
class Primitive:
    """One of ``PRIMITIVES``."""

    name: str


@dataclass(frozen=True)
class ListOf:
    """``list<element>``."""

    element: Type


@dataclass(frozen=True)
class Option:
    """``option<some>``."""

    some: Type


@dataclass(frozen=True)
class Result:
    """``result<ok, err>``; None for ``_`` and for what is left out."""

    ok: Type | None = None
    err: Type | None = None


@dataclass(frozen=True)
class Tuple:
    """``tuple<...>`` of at least one type."""

    items: tuple[Type, ...]


@dataclass(frozen=True)
class Member:
    """A field, a case, a flag or a parameter with its doc comment. Cases may have no type; flags have none."""

    name: str
    type: Type | None = None
    docs: str = ""


@dataclass(frozen=True)
class Record:
    """``record`` with its fields in order."""

    fields: tuple[Member, ...]
    name: str = ""
    docs: str = ""


@dataclass(frozen=True)
class Variant:
    """``variant``."""

    cases: tuple[Member, ...]
    name: str = ""
    docs: str = ""


@dataclass(frozen=True)
class Enum:
    """``enum``."""

    cases: tuple[Member, ...]
    name: str = ""
    docs: str = ""


@dataclass(frozen=True)
class Flags:
    """``flags``, at most 32."""

    names: tuple[Member, ...]
    name: str = ""
    docs: str = ""


Type = Primitive | ListOf | Option | Result | Tuple | Record | Variant | Enum | Flags


@dataclass(frozen=True)
class Function:
    """A function under the name it has in its interface or world; ``interface`` is empty at the world's own level."""

    name: str
    params: tuple[Member, ...]
    result: Type | None
    docs: str = ""
    interface: str = ""

    @property
    def core_name(self) -> str:
        """The core export, or import as ``module#name``, by the naming of wit-component."""
        return f"{self.interface}#{self.name}" if self.interface else self.name


@dataclass(frozen=True)
class World:
    """A world: what a component of it offers and needs, and the package it stands in.

    ``wasi``: the interfaces of WASI that it imports or exports; a world that has any is for gateways only.
    """

    name: str
    package: str
    exports: tuple[Function, ...]
    imports: tuple[Function, ...]
    docs: str = ""
    wasi: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interface:
    """An interface: its path with package and version, its functions and its named types."""

    path: str
    functions: tuple[Function, ...]
    types: tuple[tuple[str, Type], ...] = ()
    docs: str = ""

    @property
    def name(self) -> str:
        """Without package and version."""
        return self.path.partition("@")[0].rpartition("/")[2]


def nullable(kind: Type) -> bool:
    """Whether null is one of the type's values: an option around anything that has no null of its own."""
    return isinstance(kind, Option) and not nullable(kind.some)


def parts(kind: Type) -> list[Type]:
    """The types a type is directly made of, each as often as it stands there."""
    match kind:
        case ListOf(element):
            found: list[Type | None] = [element]
        case Option(some):
            found = [some]
        case Result(ok, err):
            found = [ok, err]
        case Tuple(items):
            found = list(items)
        case Record(members) | Variant(members):
            found = [member.type for member in members]
        case _:
            found = []
    return [part for part in found if part is not None]
