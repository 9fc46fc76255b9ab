# SPDX-License-Identifier: Apache-2.0
"""Typed calls into and out of an instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from motet_native import wasm as native

from motet.components.jit.errors import Broken, Error
from motet_core import canonical_call as abi
from motet_core.canonical_lift import Lifter
from motet_core.canonical_lower import Lowerer, Mismatch

if TYPE_CHECKING:
    from motet.components.jit.instance import Instance


class Types:
    """A type descriptor made ready. Raises Error."""

    def __init__(self, descriptor: bytes) -> None:
        try:
            self.native = native.Types(descriptor)
        except native.Error as error:
            raise Error(str(error)) from None
        self._descriptor = bytes(descriptor)
        self._layout: Any = None

    @property
    def layout(self) -> Any:
        """The same in Python, for imports."""
        self._layout = self._layout or abi.Types(self._descriptor)
        return self._layout

    def functions(self) -> list[str]:
        """Names of the functions it describes; an import's is "module#name"."""
        return self.native.functions()


class Called:
    """Something of ``motet_native`` that calls into the instance, with this engine's errors."""

    def __init__(self, instance: Instance, target: Any) -> None:
        self._instance, self._target = instance, target

    def __call__(self, *values: Any) -> Any:
        """As ``motet_native.wasm.Function`` and ``Typed``."""
        return self._instance.run(self._target, *values)


class Typed(Called):
    """An exported function with its WIT types."""

    def apply(self, arguments: dict[str, Any]) -> Any:
        """The same with the arguments by name."""
        return self._instance.run(self._target.apply, arguments)


class Import:
    """The core function behind an import whose values are typed."""

    def __init__(self, instance: Instance, types: Types, name: str, function: Callable[..., Any]) -> None:
        if name not in types.layout.functions:
            raise Error(f"no type is given for {name}")
        self._instance, self._function = instance, function
        self._type: Any = types.layout.functions[name]
        self.signature = shape(self._type)
        self._realloc = "cm32p2_realloc" if name.startswith("cm32p2") else "cabi_realloc"

    def __call__(self, *slots: Any) -> Any:
        """Called by the guest with core values."""
        guest = self._instance.guest
        try:
            value = self._function(*self._arguments(guest, slots))
            return self._answer(guest, value, slots[-1] & 0xFFFFFFFF if self._type.behind else 0)
        except abi.Broken as error:
            raise Broken(str(error)) from None
        except Mismatch as error:
            raise TypeError(f"result: {error}") from None

    def _arguments(self, guest: native.Instance, slots: tuple[Any, ...]) -> list[Any]:
        params = self._type.params
        lifter = Lifter(guest.read(0, guest.memory_bytes), False)
        members = [member[1] for member in params.members]
        if not self._type.spilled:
            bits = iter([abi.to_bits(value, core) for value, core in zip(slots, params.core, strict=False)])
            return [lifter.flat(kind, bits) for kind in members]
        data = lifter.span(slots[0] & 0xFFFFFFFF, params.align, params.size)
        return [lifter.load(kind, data, member[2]) for kind, member in zip(members, params.members, strict=True)]

    def _answer(self, guest: native.Instance, value: Any, address: int) -> Any:
        kind = self._type.result
        if kind is None:
            return None
        Lowerer(None, None, guest.memory_bytes).store(kind, value, bytearray(kind.size), 0)
        lowerer = Lowerer(self._allocate, guest.write, guest.memory_bytes)
        if not self._type.behind:
            flat: list[int] = []
            lowerer.flat(kind, value, flat)
            return abi.from_bits(flat[0], kind.core)
        Lifter(guest.read(0, guest.memory_bytes), False).span(address, kind.align, kind.size)
        out = bytearray(kind.size)
        lowerer.store(kind, value, out, 0)
        guest.write(address, out)
        return None

    def _allocate(self, align: int, size: int) -> int:
        guest = self._instance.guest
        if self._realloc not in dict(guest.exports()):
            raise abi.Broken("it exports no realloc for text and lists")
        return int(abi.allocate(guest, self._instance.find(self._realloc), align, size))


def shape(function: Any) -> str:
    """The core type of an import, in the engine's notation."""
    result = function.result
    params = "i" if function.spilled else function.params.core
    returns = "v" if result is None or function.behind else result.core
    return f"{returns}({params}{'i' if function.behind else ''})"
