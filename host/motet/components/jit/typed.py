# SPDX-License-Identifier: Apache-2.0
"""Typed calls into and out of an instance: motet_core's Canonical ABI over wasmtime's memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from motet.components.jit.errors import Broken, Error
from motet.components.jit.fast import FastTyped
from motet_core import canonical_call as abi
from motet_core.canonical_lift import Lifter
from motet_core.canonical_lower import Lowerer, Mismatch
from motet_core.errors import Refused

if TYPE_CHECKING:
    from motet.components.jit.instance import Instance


class Types:
    """A type descriptor made ready. Raises Error."""

    def __init__(self, descriptor: bytes) -> None:
        try:
            self.layout = abi.Types(descriptor)
        except Refused as error:
            raise Error(error.message) from None

    def functions(self) -> list[str]:
        """Names of the functions it describes; an import's is "module#name"."""
        return list(self.layout.functions)


def shape(function: Any, imported: bool = False) -> str:
    """The core type that a function's types flatten to, in the engine's notation."""
    result = function.result
    params = "i" if function.spilled else function.params.core
    if result is None:
        return f"v({params})"
    if function.behind:
        return f"v({params}i)" if imported else f"i({params})"
    return f"{result.core}({params})"


class Typed:
    """An exported function with its WIT types; what ``motet_native.wasm.Typed`` is for the device engine."""

    def __init__(self, instance: Instance, types: Types, name: str, json: bool) -> None:
        if name not in types.layout.functions:
            raise Error(f"no type is given for {name}")
        found, wanted = instance.find(name).signature, shape(types.layout.functions[name])
        if found != wanted:
            raise Error(f"{name}: its core type is not what its types flatten to")
        try:
            self._typed = FastTyped(instance.guest, types.layout, name, json=json, limit=instance.limit)
        except Refused as error:
            raise Error(error.message) from None
        self._instance = instance

    def __call__(self, *values: Any) -> Any:
        """One value for each parameter. Raises TypeError, Trap, and ValueError where JSON cannot carry a result."""
        return self._run(self._typed, *values)

    def apply(self, arguments: dict[str, Any]) -> Any:
        """The same with the arguments by name."""
        return self._run(self._typed.apply, arguments)

    def _run(self, work: Callable[..., Any], *values: Any) -> Any:
        self._instance.enter()
        try:
            return work(*values)
        except abi.Broken as error:
            raise Broken(str(error)) from None


class Import:
    """The core function behind an import whose values are typed."""

    def __init__(self, instance: Instance, types: Types, name: str, function: Callable[..., Any]) -> None:
        if name not in types.layout.functions:
            raise Error(f"no type is given for {name}")
        self._instance, self._function = instance, function
        self._type: Any = types.layout.functions[name]
        self.signature = shape(self._type, imported=True)
        self._standard = name.startswith("cm32p2")

    def __call__(self, *slots: Any) -> Any:
        """Called by the guest with core values."""
        try:
            value = self._function(*self._arguments(slots))
            return self._answer(value, slots[-1] & 0xFFFFFFFF if self._type.behind else 0)
        except abi.Broken as error:
            raise Broken(str(error)) from None
        except Mismatch as error:
            raise TypeError(f"result: {error}") from None

    def _arguments(self, slots: tuple[Any, ...]) -> list[Any]:
        params, guest = self._type.params, self._instance.guest
        lifter = Lifter(guest.read(0, guest.memory_bytes), False)
        members = [member[1] for member in params.members]
        if not self._type.spilled:
            bits = iter([abi.to_bits(value, core) for value, core in zip(slots, params.core, strict=False)])
            return [lifter.flat(kind, bits) for kind in members]
        data = lifter.span(slots[0] & 0xFFFFFFFF, params.align, params.size)
        return [lifter.load(kind, data, member[2]) for kind, member in zip(members, params.members, strict=True)]

    def _answer(self, value: Any, address: int) -> Any:
        kind, guest = self._type.result, self._instance.guest
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
        realloc = guest.find("cm32p2_realloc" if self._standard else "cabi_realloc")
        if realloc is None:
            raise abi.Broken("it exports no realloc for text and lists")
        return int(abi.allocate(guest, realloc, align, size))
