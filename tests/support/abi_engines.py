# SPDX-License-Identifier: Apache-2.0
"""One typed guest (see abi_guests) on three implementations of the Canonical ABI, with one form of values and of failures."""

from __future__ import annotations

from typing import Any

import wasmtime
from motet_native import wasm
from tests.support import abi_guests
from wasmtime import component as wc

from motet.components import descriptor

# Lets wasmtime-py keep every tag, which it leaves out where types tell the case.
from motet.components.jit import componentvalues as _tags  # noqa: F401
from motet.components.wittypes import Enum, Flags, ListOf, Option, Primitive, Record, Result, Tuple, Type, Variant, nullable
from motet_core import canonical_call as twin

EXPORTS = ("echo", "flat", "stored", "parse")
_FUEL = 1 << 30


class Broken(Exception):
    """The guest was stopped, by its own trap or for what it said."""


def _identity(*values: Any) -> Any:
    return values[0]


class Native:
    """motet_native: C over the device engine."""

    def __init__(self, kind: Type) -> None:
        data = descriptor.encode(abi_guests.functions(kind))
        shape = twin.Types(data).functions["echo"].params
        self._code = abi_guests.core_module(shape.core, shape.size)
        self.types = wasm.Types(data)
        self.renew()

    def renew(self) -> None:
        """A fresh instance with equal memory."""
        self.instance = wasm.Instance(self._code, memory=abi_guests.MEMORY, stack=4096)
        self.instance.link_typed("host", "echo", self.types, _identity)
        self.instance.fuel = _FUEL
        self._functions = {name: self.instance.typed(name, self.types) for name in EXPORTS}

    def call(self, name: str, *values: Any) -> Any:
        try:
            return self._functions[name](*values)
        except wasm.Trap as error:
            raise Broken(str(error)) from None


class Twin:
    """motet_core's Python over the device engine. Its `echo` is the twin's own lowering and lifting of core values."""

    def __init__(self, kind: Type) -> None:
        data = descriptor.encode(abi_guests.functions(kind))
        self.types = twin.Types(data)
        shape = self.types.functions["echo"].params
        self._code = abi_guests.core_module(shape.core, shape.size)
        self.renew()

    def renew(self) -> None:
        self.instance = wasm.Instance(self._code, memory=abi_guests.MEMORY, stack=4096)
        module, name, signature = self.instance.imports()[0]
        self.instance.link(module, name, lambda *_: None if signature[0] == "v" else 0)
        self.instance.fuel = _FUEL
        engine = twin.Native(self.instance)
        self._functions = {name: twin.Typed(engine, self.types, name) for name in EXPORTS[1:]}

    def call(self, name: str, *values: Any) -> Any:
        try:
            return self._functions[name](*values)
        except (wasm.Trap, twin.Broken) as error:
            raise Broken(str(error)) from None


class Wasmtime:
    """wasmtime's component API over the same module in a component."""

    def __init__(self, kind: Type, engine: wasmtime.Engine) -> None:
        shape = twin.Types(descriptor.encode(abi_guests.functions(kind))).functions["echo"].params
        self._kinds = {function.name: function for function in abi_guests.functions(kind)[:4]}
        self._component = wc.Component(engine, abi_guests.component(kind, shape.core, shape.size))
        self._linker = wc.Linker(engine)
        with self._linker.root() as root:
            root.add_func("echo", lambda _store, value: value)
        self._engine = engine
        self.renew()

    def renew(self) -> None:
        self._store = wasmtime.Store(self._engine)
        instance = self._linker.instantiate(self._store, self._component)
        self._functions = {name: instance.get_func(self._store, name) for name in EXPORTS}

    def call(self, name: str, *values: Any) -> Any:
        kind, function = self._kinds[name], self._functions[name]
        assert function is not None
        given = [to_wasmtime(param.type, value) for param, value in zip(kind.params, values, strict=True)]
        try:
            result = function(self._store, *given)
            function.post_return(self._store)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            raise Broken(str(error)) from None
        assert kind.result is not None
        return from_wasmtime(kind.result, result)


def to_wasmtime(kind: Type | None, value: Any) -> Any:
    match kind:
        case ListOf(element) if not isinstance(value, bytes):
            return [to_wasmtime(element, item) for item in value]
        case Option(some) if nullable(kind):
            return wc.Variant("none") if value is None else wc.Variant("some", to_wasmtime(some, value))
        case Option() | Result() | Variant():
            return wc.Variant(value["tag"], to_wasmtime(_cases(kind)[value["tag"]], value["val"]) if "val" in value else None)
        case Tuple(items):
            return tuple(map(to_wasmtime, items, value))
        case Record(fields):
            record = wc.Record()
            for field in fields:
                setattr(record, field.name, to_wasmtime(field.type, value[field.name]))
            return record
        case Flags():
            return set(value)
    return value


def from_wasmtime(kind: Type, value: Any) -> Any:
    match kind:
        case ListOf(element) if element != Primitive("u8"):
            return [from_wasmtime(element, item) for item in value]
        case Option(some) if nullable(kind):
            return None if value.tag == "none" else from_wasmtime(some, value.payload)
        case Option() | Result() | Variant():
            payload = _cases(kind)[value.tag]
            return {"tag": value.tag} if payload is None else {"tag": value.tag, "val": from_wasmtime(payload, value.payload)}
        case Tuple(items):
            return tuple(map(from_wasmtime, items, value))
        case Record(fields):
            return {field.name: from_wasmtime(field.type, getattr(value, field.name)) for field in fields if field.type}
        case Flags(names):
            return [name.name for name in names if name.name in value]
        case Enum():
            return str(value)
    return value


def _cases(kind: Option | Result | Variant) -> dict[str, Type | None]:
    match kind:
        case Option(some):
            return {"none": None, "some": some}
        case Result(ok, err):
            return {"ok": ok, "err": err}
        case Variant(cases):
            return {case.name: case.type for case in cases}
