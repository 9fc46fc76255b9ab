# SPDX-License-Identifier: Apache-2.0
"""A WIT document as it is written, with nothing looked up yet."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class TypeTree:
    """A type as written: its name and, in angle brackets, its arguments; "_" for one that is left out."""

    name: str
    line: int
    args: tuple[TypeTree, ...] = ()


@dataclass(frozen=True)
class MemberTree:
    """A field, case, flag or parameter."""

    name: str
    line: int
    docs: str
    type: TypeTree | None = None


@dataclass(frozen=True)
class TypeDefinition:
    """``kind``: "type" (an alias, in ``alias``), "record", "variant", "enum" or "flags"."""

    kind: str
    name: str
    line: int
    docs: str
    members: tuple[MemberTree, ...] = ()
    alias: TypeTree | None = None


@dataclass(frozen=True)
class FunctionTree:
    """A function."""

    name: str
    line: int
    docs: str
    params: tuple[MemberTree, ...]
    result: TypeTree | None


@dataclass(frozen=True)
class Use:
    """``use path.{name as alias}``."""

    path: str
    name: str
    alias: str
    line: int


@dataclass
class Body:
    """What stands between the braces of an interface or world, or is taken in by a world."""

    name: str
    line: int
    docs: str
    types: list[TypeDefinition] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    functions: list[FunctionTree] = field(default_factory=list)
    imports: list[FunctionTree | Body | Use] = field(default_factory=list)
    exports: list[FunctionTree | Body | Use] = field(default_factory=list)


@dataclass
class Document:
    """One file. ``package`` is "namespace:name@version", or empty."""

    origin: str
    package: str = ""
    interfaces: list[Body] = field(default_factory=list)
    worlds: list[Body] = field(default_factory=list)
