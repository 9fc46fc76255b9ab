# SPDX-License-Identifier: Apache-2.0
"""A guest around one import: its export `go` takes what the import takes and gives what it gives, on the device's engine.

`raw` takes the core values of the import instead, so that they can be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motet_native import wasm
from wasmtime import wat2wasm

from motet.components import descriptor, imported
from motet.components.wittypes import Function
from motet_core.canonical_types import Types
from motet_core.grant import Grant
from motet_core.imports import Imports

_CORE = {"i": "i32", "I": "i64", "f": "f32", "F": "f64", "v": ""}
# Where results go that are several core values; what cabi_realloc gives away stands behind.
_BEHIND, _ARENA = 1024, 2048
_MODULE = """(module
  (import "{interface}" "{name}" (func $import {params} {result}))
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const {arena}))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $top (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.get $top)
    (global.set $top (i32.add (global.get $top) (local.get 3))))
  (func (export "go") {given} {returned} {pushed} call $import {after})
  (func (export "raw") {params} {result} {all} call $import))
"""


def module(function: Function) -> tuple[bytes, bytes]:
    """The guest and the descriptor of `go` and its import."""
    types = descriptor.encode([function, Function("go", function.params, function.result)])
    core = imported.signature(Types(types), function.core_name)
    behind = Types(types).functions["go"].behind
    params = core[2:-1]
    given = params[:-1] if behind else params
    text = _MODULE.format(
        interface=function.interface,
        name=function.name,
        params=_list("param", params),
        result=_list("result", core[0]),
        arena=_ARENA,
        given=_list("param", given),
        returned="(result i32)" if behind else _list("result", core[0]),
        pushed=" ".join(f"(local.get {index})" for index in range(len(given))) + (f" (i32.const {_BEHIND})" if behind else ""),
        all=" ".join(f"(local.get {index})" for index in range(len(params))),
        after=f"(i32.const {_BEHIND})" if behind else "",
    )
    return bytes(wat2wasm(text)), types


def _list(word: str, types: str) -> str:
    inner = " ".join(_CORE[kind] for kind in types)
    return f"({word} {inner})" if inner.strip() else ""


class Probe:
    """The guest, linked by what `grant` allows on `device`. Refused as on a device."""

    def __init__(self, function: Function, device: Any, grant: Grant | None) -> None:
        code, data = module(function)
        self.counters = {"calls": 0, "traps": 0}
        self.imports = Imports(device, "probe", grant, self.counters)
        self.instance = wasm.Instance(code, memory=65536, stack=2048)
        types = wasm.Types(data)
        self.imports.link(self.instance, types)
        self._go: Callable[..., Any] = self.instance.typed("go", types)

    def raw(self, *values: int) -> Any:
        """Calls the import with core values, whatever they mean."""
        self.instance.fuel = 10000
        return self.instance.find("raw")(*values)

    def __call__(self, *values: Any) -> Any:
        self.instance.fuel = 10000
        return self._go(*values)
