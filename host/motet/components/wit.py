# SPDX-License-Identifier: Apache-2.0
"""Contracts: WIT documents as worlds of typed functions, restricted to what devices can do.

Refused, each with file and line: what the device subset leaves out (resources, streams, futures, asynchronous functions, lists of
fixed length, more than 32 flags), names that are unknown or given twice (also when they differ in case only), types and
interfaces that contain or use themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard

from motet.components import witlibrary
from motet.components.witextent import MAX_DEPTH, MAX_PARTS, Extent
from motet.components.witlexer import WitError
from motet.components.witparser import parse
from motet.components.wittree import Body, Document, FunctionTree, MemberTree, TypeDefinition, TypeTree, Use
from motet.components.wittypes import (
    MAX_FLAGS,
    PRIMITIVES,
    Enum,
    Flags,
    Function,
    Interface,
    ListOf,
    Member,
    Option,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
    World,
)

# Types with arguments, and how many they take.
_GENERIC = {"list": (1, 1), "option": (1, 1), "result": (0, 2), "tuple": (1, 64)}
_MAX_MEMBERS = 65535
# Names that lead to names; what is nested too deeply is told as that, not as too long a chain.
_MAX_CHAIN = 64


def load(text: str, origin: str = "the contract", world: str = "", others: Sequence[tuple[str, str]] = ()) -> World:
    """The world called ``world`` (or the only one) of a document; ``others`` are (text, origin) of packages it refers to,
    besides those that come with Motet.

    Raises WitError, whose message begins with file and line.
    """
    document = parse(text, origin)
    known = [document, *(parse(*other) for other in others)]
    for given in known:
        # What these mean is not for a contract to say: devices believe that they know.
        if witlibrary.is_taken(given.package):
            raise WitError(
                given.origin, 1, f"the package {given.package.partition('@')[0]} comes with Motet: choose another name"
            )
    known += witlibrary.documents()
    chosen = [body for body in document.worlds if body.name == (world or body.name)]
    if len(chosen) != 1:
        names = ", ".join(body.name for body in document.worlds) or "none"
        raise WitError(origin, 1, f"the world {world!r} is not there" if world else f"name the world; there are {names}")
    return _Resolver(known).world(document, chosen[0])


def interfaces(documents: Sequence[Document], known: Sequence[Document]) -> tuple[Interface, ...]:
    """All interfaces of `documents`, which may refer to those in `known`. Raises WitError."""
    resolver = _Resolver(list(known))
    return tuple(resolver.whole(document, body) for document in documents for body in document.interfaces)


def worlds(documents: Sequence[Document], known: Sequence[Document]) -> tuple[World, ...]:
    """All worlds of `documents`, which may refer to interfaces in `known`. Raises WitError."""
    resolver = _Resolver(list(known))
    return tuple(resolver.world(document, body) for document in documents for body in document.worlds)


def _spelled(names: Sequence[tuple[str, int]], what: str, origin: str) -> None:
    seen: dict[str, str] = {}
    for name, line in names:
        if name.lower() in seen:
            other = seen[name.lower()]
            hint = "" if other == name else f" (differs from {other!r} in case only)"
            raise WitError(origin, line, f"the {what} {name!r} is declared twice{hint}")
        seen[name.lower()] = name


class _Resolver:
    def __init__(self, documents: list[Document]) -> None:
        self.extent = Extent()
        self.chain = 0
        self._documents = documents
        self._scopes: dict[int, _Scope] = {}
        for document in documents:
            items = [(body.name, body.line) for body in (*document.interfaces, *document.worlds)]
            _spelled(items, "interface or world", document.origin)

    def world(self, document: Document, body: Body) -> World:
        scope = self.scope(document, body)
        imports, exports = (self._taken(document, scope, items) for items in (body.imports, body.exports))
        for what, functions in (("import", imports), ("export", exports)):
            _spelled([(f"{f.core_name}", body.line) for f in functions], what, document.origin)
        foreign = tuple(item.path for item in (*body.imports, *body.exports) if _is_wasi(item))
        return World(body.name, document.package, exports, imports, body.docs, foreign)

    def _taken(self, document: Document, scope: _Scope, items: list[FunctionTree | Body | Use]) -> tuple[Function, ...]:
        found: list[Function] = []
        for item in items:
            if isinstance(item, FunctionTree):
                found.append(scope.function(item, ""))
            elif isinstance(item, Body):
                found += self._functions(self.scope(document, item), item, item.name)
            elif not _is_wasi(item):
                there, body = self.interface(document, item)
                found += self._functions(self.scope(there, body), body, _path(there, body))
        return tuple(found)

    def _functions(self, scope: _Scope, body: Body, path: str) -> list[Function]:
        _spelled([(tree.name, tree.line) for tree in body.functions], "function", scope.origin)
        return [scope.function(tree, path) for tree in body.functions]

    def whole(self, document: Document, body: Body) -> Interface:
        scope, path = self.scope(document, body), _path(document, body)
        types = tuple(
            (definition.name, scope.named(definition.name, definition.line, document.origin)) for definition in body.types
        )
        return Interface(path, tuple(self._functions(scope, body, path)), types, body.docs)

    def scope(self, document: Document, body: Body) -> _Scope:
        if id(body) not in self._scopes:
            self._scopes[id(body)] = _Scope(self, document, body)
        return self._scopes[id(body)]

    def interface(self, document: Document, use: Use) -> tuple[Document, Body]:
        """The interface that a path names: of this package, or of one that is known."""
        package, _, name = use.path.rpartition("/")
        name, _, version = name.partition("@")
        package += f"@{version}" if version else ""
        places = [document] if not package else [d for d in self._documents if d.package == package]
        for place in places if package else [d for d in self._documents if d.package == document.package]:
            for body in place.interfaces:
                if body.name == name:
                    return place, body
        raise WitError(document.origin, use.line, f"there is no interface {use.path!r}")


def _is_wasi(item: FunctionTree | Body | Use) -> TypeGuard[Use]:
    # What WASI means the engine of a gateway knows; its resources are not for devices.
    return isinstance(item, Use) and item.path.startswith("wasi:")


def _path(document: Document, body: Body) -> str:
    package, _, version = document.package.partition("@")
    return f"{package}/{body.name}" + (f"@{version}" if version else "") if package else body.name


class _Scope:
    """The type names of one interface or world."""

    def __init__(self, resolver: _Resolver, document: Document, body: Body) -> None:
        self._resolver = resolver
        self._document = document
        self.origin = document.origin
        self._types = {definition.name: definition for definition in body.types}
        self._uses = {use.alias: use for use in body.uses}
        self._done: dict[str, Type] = {}
        self._open: set[str] = set()
        named = [(d.name, d.line) for d in body.types] + [(u.alias, u.line) for u in body.uses]
        _spelled(named, "type", self.origin)

    def function(self, tree: FunctionTree, interface: str) -> Function:
        _spelled([(p.name, p.line) for p in tree.params], "parameter", self.origin)
        result = None if tree.result is None else self._type(tree.result)
        function = Function(tree.name, self._members(tree.params), result, tree.docs, interface)
        # Each fits by itself, but schemas say a type anew wherever it is used.
        given = [p.type for p in function.params if p.type is not None]
        if sum(self._resolver.extent.of(kind)[1] for kind in given) > MAX_PARTS:
            reason = f"the parameters of {tree.name} are made of more than {MAX_PARTS} parts, which devices do not take"
            raise WitError(self.origin, tree.line, reason)
        return function

    def named(self, name: str, line: int, origin: str) -> Type:
        """A type by its name here; ``line`` and ``origin`` are where somebody asks for it."""
        if name in self._done:
            return self._done[name]
        if name in self._open:
            raise WitError(origin, line, f"the type {name!r} contains itself")
        if self._resolver.chain == _MAX_CHAIN:
            raise WitError(origin, line, f"the type {name!r} is reached through more than {_MAX_CHAIN} others")
        self._open.add(name)
        self._resolver.chain += 1
        if name in self._types:
            found = self._defined(self._types[name])
        elif name in self._uses:
            use = self._uses[name]
            there, body = self._resolver.interface(self._document, use)
            found = self._resolver.scope(there, body).named(use.name, use.line, self.origin)
        else:
            raise WitError(origin, line, f"there is no type {name!r}")
        self._resolver.chain -= 1
        self._open.remove(name)
        return self._done.setdefault(name, found)

    def _defined(self, tree: TypeDefinition) -> Type:
        if tree.alias is not None:
            return self._type(tree.alias)
        _spelled([(m.name, m.line) for m in tree.members], f"member of {tree.kind} {tree.name}", self.origin)
        most = MAX_FLAGS if tree.kind == "flags" else _MAX_MEMBERS
        if len(tree.members) > most:
            raise WitError(self.origin, tree.line, f"{tree.kind} {tree.name} has {len(tree.members)} members, at most {most} fit")
        makers: dict[str, Callable[..., Type]] = {"record": Record, "variant": Variant, "enum": Enum, "flags": Flags}
        return makers[tree.kind](self._members(tree.members), tree.name, tree.docs)

    def _members(self, trees: Sequence[MemberTree]) -> tuple[Member, ...]:
        return tuple(Member(t.name, None if t.type is None else self._type(t.type), t.docs) for t in trees)

    def _type(self, tree: TypeTree) -> Type:
        found = self._found(tree)
        depth, count = self._resolver.extent.of(found)
        if depth > MAX_DEPTH or count > MAX_PARTS:
            reason = f"nested deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else f"made of more than {MAX_PARTS} parts"
            raise WitError(self.origin, tree.line, f"the type is {reason}, which devices do not take")
        return found

    def _found(self, tree: TypeTree) -> Type:
        if tree.name in _GENERIC:
            return self._generic(tree)
        if tree.args:
            raise WitError(self.origin, tree.line, f"{tree.name} takes no types in angle brackets")
        if tree.name in PRIMITIVES:
            return Primitive(tree.name)
        return self.named(tree.name, tree.line, self.origin)

    def _generic(self, tree: TypeTree) -> Type:
        least, most = _GENERIC[tree.name]
        if not least <= len(tree.args) <= most:
            raise WitError(self.origin, tree.line, f"{tree.name} takes {least} to {most} types, not {len(tree.args)}")
        if tree.name == "result":
            parts = [None if arg.name == "_" else self._type(arg) for arg in tree.args]
            return Result(*parts)
        items = tuple(self._type(arg) for arg in tree.args)
        return Tuple(items) if tree.name == "tuple" else ListOf(items[0]) if tree.name == "list" else Option(items[0])
