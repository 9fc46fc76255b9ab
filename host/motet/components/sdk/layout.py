# SPDX-License-Identifier: Apache-2.0
"""Functions of a contract as the Canonical ABI passes them: sizes, offsets, core values. The same for all languages.

Sizes, offsets and core types are those that ``motet_core.canonical_types`` computes from the type descriptor, so bindings and
devices cannot differ. In all languages a value lies in memory as the ABI stores it; what is passed in core values is moved
between them and memory by the ``Steps`` of its type.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from motet.components import descriptor
from motet.components.errors import ComponentError
from motet.components.wittypes import Enum, Flags, Function, Member, Primitive, Type, World, parts
from motet_core.canonical_types import Types
from motet_core.errors import Refused

# Parameters of any function of a module, one less for the place of the result.
MAX_PARAMS = 16
_UNSIGNED = {1: "u8", 2: "u16", 4: "u32"}
_STORED = {"bool": "u8", "char": "u32"}


class BindingError(ComponentError):
    """A contract for which no bindings can be made."""


@dataclass(frozen=True)
class Move:
    """One number between memory and a core value: ``stored`` is u8 to u64, s8 to s64, f32 or f64 at ``offset``.

    ``core`` is the type of core value ``slot``: wider, or an integer with the bits of a float, where variants share it.
    """

    offset: int
    stored: str
    slot: int
    core: str

    @property
    def own_core(self) -> str:
        """The core type that the number itself has."""
        return {"f32": "f", "f64": "F", "u64": "I", "s64": "I"}.get(self.stored, "i")

    @property
    def moved(self) -> str:
        """``stored``, or for a float in the place of an integer the integer with its bits."""
        return self.stored if self.core in ("f", "F") or self.stored[0] != "f" else f"u{self.stored[1:]}"


@dataclass(frozen=True)
class Choice:
    """A discriminant, and the steps of the case it names; ``cases`` has only those that carry something."""

    tag: Move
    count: int
    cases: tuple[tuple[int, Steps], ...]


Steps = tuple[Move | Choice, ...]


@dataclass(frozen=True)
class Value:
    """A parameter or a result: its name (``result`` has none), type, laid out type, and place among the parameters."""

    name: str
    type: Type
    laid: Any
    offset: int
    steps: Steps

    @property
    def owns(self) -> bool:
        """Whether text or lists are part of it."""
        return bool(self.laid.owns)

    @property
    def scalar(self) -> bool:
        """Whether it is a number, truth value, character, enum or flags: one core value in all languages."""
        return is_scalar(self.type)


@dataclass(frozen=True)
class Call:
    """One function. ``core`` are the core types of its parameters in a row, ``returns`` that of its result or "v"."""

    function: Function
    params: tuple[Value, ...]
    result: Value | None
    core: str
    returns: str
    spilled: bool
    behind: bool
    size: int

    @property
    def owns_params(self) -> bool:
        """Whether text or lists come in."""
        return any(param.owns for param in self.params)

    @property
    def wide(self) -> bool:
        """Whether the author's function has more parameters than the device engine lets a function have: it must be inlined."""
        return len(self.params) > MAX_PARAMS

    @property
    def owns_result(self) -> bool:
        """Whether text or lists go out."""
        return self.result is not None and self.result.owns


class Layout:
    """All functions of a world, and their types, each once and after those it is made of."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._laid: dict[int, Any] = {}
        self._order: dict[Type, None] = {}
        self.imports = self._calls(world.imports)
        self.exports = self._calls(world.exports)
        self.types: tuple[Type, ...] = tuple(self._order)

    def of(self, kind: Type) -> Any:
        """The laid out type: size, align, core, members, disc, payload, owns."""
        return self._laid[id(kind)]

    @property
    def needs_realloc(self) -> bool:
        """Whether the host puts something into the component's memory."""
        given = any(call.owns_params or call.spilled for call in self.exports)
        return given or any(call.owns_result for call in self.imports)

    def _calls(self, functions: Sequence[Function]) -> tuple[Call, ...]:
        try:
            laid = Types(descriptor.encode(functions)).functions
        except Refused as error:
            raise BindingError(f"the contract is not for devices: {error}") from None
        return tuple(self._call(function, laid[function.core_name]) for function in functions)

    def _call(self, function: Function, laid: Any) -> Call:
        slots = iter(enumerate(laid.params.core))
        values = [self._value(p, member, slots) for p, member in zip(function.params, laid.params.members, strict=True)]
        result = None
        if function.result is not None:
            result = self._value(Member("", function.result), ("", laid.result, 0), iter(enumerate(laid.result.core)))
        core = "i" if laid.spilled else laid.params.core
        returns = "v" if result is None else "i" if laid.behind else laid.result.core
        return Call(function, tuple(values), result, core, returns, laid.spilled, laid.behind, laid.params.size)

    def _value(self, member: Member, laid: Any, slots: Iterator[tuple[int, str]]) -> Value:
        assert member.type is not None
        self._learn(member.type, laid[1])
        return Value(member.name, member.type, laid[1], laid[2], _steps(laid[1], 0, slots))

    def _learn(self, kind: Type, laid: Any) -> None:
        if id(kind) in self._laid:
            return
        self._laid[id(kind)] = laid
        there = [member[1] for member in laid.members if member[1] is not None]
        for part, its in zip(parts(kind), there, strict=True):
            self._learn(part, its)
        if not isinstance(kind, Primitive):
            self._order.setdefault(kind)


def is_scalar(kind: Type | None) -> bool:
    """Whether a type is one core value in all languages."""
    return isinstance(kind, Enum | Flags) or (isinstance(kind, Primitive) and kind.name != "string")


def stored(kind: Any) -> str:
    """How a laid out scalar type is stored."""
    return _UNSIGNED[kind.disc] if kind.disc else _STORED.get(kind.kind, kind.kind)


def _steps(kind: Any, offset: int, slots: Iterator[tuple[int, str]]) -> Steps:
    """How a value at ``offset`` moves between memory and the next core values. Beyond the seventeenth there are none."""
    match kind.kind:
        case "string" | "list":
            return tuple(Move(offset + at, "u32", *slot) for at, slot in zip((0, 4), _next(slots, 2), strict=False))
        case "record" | "tuple":
            return tuple(step for _, part, at in kind.members for step in _steps(part, offset + at, slots))
        case "variant" | "option" | "result":
            return _choice(kind, offset, slots)
    return tuple(Move(offset, stored(kind), *slot) for slot in _next(slots, 1))


def _choice(kind: Any, offset: int, slots: Iterator[tuple[int, str]]) -> Steps:
    mine = list(_next(slots, len(kind.core)))
    if not mine:
        return ()
    at = offset + kind.payload
    cases = [(index, _steps(part, at, iter(mine[1:]))) for index, (_, part, _) in enumerate(kind.members) if part is not None]
    return (Choice(Move(offset, _UNSIGNED[kind.disc], *mine[0]), len(kind.members), tuple(cases)),)


def _next(slots: Iterator[tuple[int, str]], count: int) -> Iterator[tuple[int, str]]:
    for _, slot in zip(range(count), slots, strict=False):
        yield slot
