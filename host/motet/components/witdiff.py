# SPDX-License-Identifier: Apache-2.0
"""What a new version of a contract package breaks, and whether its version number says so (semver.org).

The direction counts. Devices offer the functions of an interface that components import: one more is compatible, one less is
not. Of an interface that components export it is the other way round: a component that exists does not have one more, and nobody
misses one less. Types have no such leeway: whatever a function takes, gives or a contract may `use` stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from motet.components import wit, witspelling
from motet.components.witlibrary import COMPONENT, unversioned
from motet.components.witspelling import spelled
from motet.components.wittree import Document
from motet.components.wittypes import Function, Interface, World

# Packages whose interfaces components export; of all others they import them.
_EXPORTED = (COMPONENT, "motet:examples")


@dataclass(frozen=True)
class Change:
    """One difference: where, what, and whether components that exist stop working."""

    where: str
    what: str
    breaking: bool

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Package:
    """The interfaces and worlds of a package by name, without version."""

    name: str
    version: str
    interfaces: Mapping[str, Interface]
    worlds: Mapping[str, World]


def packages(documents: Sequence[Document]) -> dict[str, Package]:
    """All packages of `documents` by name without version. Raises WitError."""
    found = {}
    for full in sorted({document.package for document in documents}):
        own = [document for document in documents if document.package == full]
        interfaces = {interface.name: interface for interface in wit.interfaces(own, documents)}
        worlds = {world.name: world for world in wit.worlds(own, documents)}
        found[unversioned(full)] = Package(unversioned(full), full.partition("@")[2], interfaces, worlds)
    return found


def changes(old: Package, new: Package) -> list[Change]:
    """Everything that differs for a component; doc comments do not."""
    exported = old.name in _EXPORTED
    found = [Change(old.name, f"interface {name} is gone", not exported) for name in _gone(old.interfaces, new.interfaces)]
    found += [Change(old.name, f"interface {name} is new", False) for name in _gone(new.interfaces, old.interfaces)]
    for name in old.interfaces.keys() & new.interfaces.keys():
        found += _interface(f"{old.name}/{name}", old.interfaces[name], new.interfaces[name], exported)
    found += [Change(old.name, f"world {name} is gone", True) for name in _gone(old.worlds, new.worlds)]
    found += [Change(old.name, f"world {name} is new", False) for name in _gone(new.worlds, old.worlds)]
    for name in old.worlds.keys() & new.worlds.keys():
        found += _world(f"{old.name}/{name}", old.worlds[name], new.worlds[name])
    return sorted(found, key=str)


def problem(old: Package, new: Package) -> str | None:
    """What is wrong with the version of `new`, the successor of the released `old`; None when nothing is."""
    found, before, now = changes(old, new), numbers(old.version), numbers(new.version)
    if now < before:
        return f"{new.name}: version {new.version} is older than the released {old.version}"
    breaking = [change for change in found if change.breaking]
    # Below 1.0.0 the minor number is the one that promises.
    kept = 1 if before[0] else 2
    if breaking and now[:kept] == before[:kept]:
        least = f"{before[0] + 1}.0.0" if before[0] else f"0.{before[1] + 1}.0"
        told = "; ".join(map(str, breaking))
        return f"{new.name}: {told}: this breaks components of version {old.version}; raise it to {least} or take it back"
    if found and now == before:
        told = "; ".join(map(str, found))
        return f"{new.name}: {told}: raise the version, {old.version} is released"
    return None


def _gone(old: Iterable[str], new: Iterable[str]) -> list[str]:
    return sorted(set(old) - set(new))


def _interface(where: str, old: Interface, new: Interface, exported: bool) -> list[Change]:
    found = _functions(where, old.functions, new.functions, exported, whole=False)
    before, now = ({name: spelled(kind) for name, kind in each.types} for each in (old, new))
    found += [Change(where, f"type {name} is gone", True) for name in _gone(before, now)]
    found += [Change(where, f"type {name} is new", False) for name in _gone(now, before)]
    return found + [
        Change(where, f"type {name} is another", True) for name in before if now.get(name, before[name]) != before[name]
    ]


def _world(where: str, old: World, new: World) -> list[Change]:
    return [
        *_functions(f"{where}: imports", old.imports, new.imports, exported=False, whole=True),
        *_functions(f"{where}: exports", old.exports, new.exports, exported=True, whole=True),
    ]


def _functions(where: str, old: Sequence[Function], new: Sequence[Function], exported: bool, whole: bool) -> list[Change]:
    before, now = ({_name(f) if whole else f.name: witspelling.function(f) for f in each} for each in (old, new))
    found = [Change(where, f"function {name} is gone", not exported) for name in _gone(before, now)]
    found += [Change(where, f"function {name} is new", exported) for name in _gone(now, before)]
    changed = [name for name in before if now.get(name, before[name]) != before[name]]
    return found + [Change(where, f"function {name} takes or gives something else", True) for name in changed]


def _name(function: Function) -> str:
    path = unversioned(function.interface)
    return f"{path}#{function.name}" if path else function.name


def numbers(version: str) -> tuple[int, ...]:
    """`1.2.3` as numbers, to be compared."""
    found = tuple(int(part) for part in version.partition("-")[0].split("."))
    if len(found) != 3:
        raise ValueError(f"{version!r} is no version of three numbers")
    return found
