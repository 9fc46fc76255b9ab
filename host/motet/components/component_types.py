# SPDX-License-Identifier: Apache-2.0
"""The functions of a component as wasmtime has them, as plain data. Runs in a confined child: wasmtime compiles to tell types.

Function: [instance, name, [[parameter, type], ...], result or None]. Type: the name of a primitive, or a list whose first
item is the kind: ["list", t], ["option", t], ["tuple", t, ...], ["result", ok, err], ["record" | "variant", [name, t], ...],
["enum" | "flags", name, ...], ["own" | "borrow", resource]; what devices do not take has its own name. "resources": by
imported interface of WASI the types of handles that it has.
"""

from __future__ import annotations

from typing import Any

import wasmtime
from wasmtime import component as wc

from motet.components.wasi.groups import PREFIX

Data = Any
# Types are graphs that share their parts: written out, a few bytes become billions.
_MAX_PARTS = 20_000


def describe(engine: wasmtime.Engine, data: bytes) -> dict[str, Any]:
    """{"imports", "exports": [function, ...], "resources"}, or {"refused": [rule, reason]}."""
    try:
        compiled = wc.Component(engine, data)
    except wasmtime.WasmtimeError as error:
        return {"refused": ["valid", " ".join(str(error).split())]}
    return of(engine, compiled)


def of(engine: wasmtime.Engine, compiled: wc.Component) -> dict[str, Any]:
    """The same of a component that has been compiled."""
    writer = _Writer(engine)
    try:
        imports = compiled.type.imports(engine)
        resources = {name: writer.resources(item.ty) for name, item in imports.items() if name.startswith(PREFIX)}
        told = {"imports": list(writer.functions(imports, foreign=True)), "resources": resources}
        return {**told, "exports": list(writer.functions(compiled.type.exports(engine)))}
    except ValueError as error:
        return {"refused": ["conformance", str(error)]}


class _Writer:
    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._parts = 0
        self._resources: list[tuple[str, wc.ResourceType]] = []

    def resources(self, kind: Any) -> list[str]:
        """The types of handles that an interface of WASI has; others are not for components."""
        if not isinstance(kind, wc.ComponentInstanceType):
            return []
        found = [(name, one.ty) for name, one in kind.exports(self._engine).items() if isinstance(one.ty, wc.ResourceType)]
        self._resources += found
        return [name for name, _ in found]

    def functions(self, items: dict[str, Any], instance: str = "", foreign: bool = False) -> list[Data]:
        found = []
        for name, item in items.items():
            kind = item.ty
            if isinstance(kind, wc.FuncType):
                params = [[param, self.type(given)] for param, given in kind.params]
                result = kind.result
                found.append([instance, name, params, None if result is None else self.type(result)])
            elif isinstance(kind, wc.ComponentInstanceType) and not instance:
                found += self.functions(kind.exports(self._engine), name, foreign)
            elif isinstance(kind, wc.ResourceType) and foreign and instance.startswith(PREFIX):
                continue
            elif not isinstance(kind, wc.ValType):
                raise ValueError(f"{instance or 'the component'} has {name!r}, neither a function nor a type of values")
        return found

    def type(self, kind: Any) -> Data:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise ValueError("its types are made of too many parts")
        match kind:
            case wc.ListType():
                return ["list", self.type(kind.element)]
            case wc.OptionType():
                return ["option", self.type(kind.payload)]
            case wc.ResultType():
                return ["result", self._maybe(kind.ok), self._maybe(kind.err)]
            case wc.TupleType():
                return ["tuple", *map(self.type, kind.elements)]
            case wc.RecordType():
                return ["record", *([name, self.type(field)] for name, field in kind.fields)]
            case wc.VariantType():
                return ["variant", *([name, self._maybe(payload)] for name, payload in kind.cases)]
            case wc.EnumType():
                return ["enum", *kind.names]
            case wc.FlagsType():
                return ["flags", *kind.names]
            case wc.OwnType():
                return ["own", self._name(kind.ty)]
            case wc.BorrowType():
                return ["borrow", self._name(kind.ty)]
        return type(kind).__name__.removesuffix("Type").lower()

    def _name(self, kind: wc.ResourceType) -> str:
        return next((name for name, known in self._resources if known == kind), "")

    def _maybe(self, kind: Any) -> Data:
        return None if kind is None else self.type(kind)
