# SPDX-License-Identifier: Apache-2.0
"""A guest of tests/support/sdk_guests.py on the native engine and, as a component that other tools made of it, on wasmtime."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import wasmtime
from motet_native import wasm
from tests.support import abi_engines, abi_random, sdk_guests, tooling
from wasmtime import component as wc

from motet.components import descriptor, wit
from motet.components.sdk import bindings
from motet.components.sdk.templates import SOURCES
from motet.components.wittypes import Function, World

MEMORY = 131072


def echo(*values: Any) -> Any:
    return values[0]


class Native:
    """The module on the device engine."""

    def __init__(self, module: bytes, world: World) -> None:
        self._types = wasm.Types(descriptor.encode(world.exports))
        self._instance = wasm.Instance(module, memory=MEMORY, stack=8192)
        for function in world.imports:
            self._instance.link_typed(function.interface, function.name, self._types, echo)

    def call(self, function: Function, values: list[Any]) -> Any:
        self._instance.fuel = 1 << 30
        return self._instance.typed(function.core_name, self._types)(*values)


class Component:
    """The component on wasmtime."""

    def __init__(self, binary: bytes, world: World, engine: wasmtime.Engine) -> None:
        linker = wc.Linker(engine)
        with linker.root() as root, root.add_instance(sdk_guests.INTERFACE) as host:
            for function in world.imports:
                host.add_func(function.name, lambda _store, *values: values[0])
        self._store = wasmtime.Store(engine)
        component = wc.Component(engine, binary)
        self._instance = linker.instantiate(self._store, component)
        self._interface = self._instance.get_export_index(self._store, sdk_guests.INTERFACE)

    def call(self, function: Function, values: list[Any]) -> Any:
        index = self._instance.get_export_index(self._store, function.name, self._interface)
        found = self._instance.get_func(self._store, index)
        assert found is not None and function.result is not None
        given = [abi_engines.to_wasmtime(p.type, value) for p, value in zip(function.params, values, strict=True)]
        result = found(self._store, *given)
        found.post_return(self._store)
        return abi_engines.from_wasmtime(function.result, result)


def check(language: str, text: str, engine: wasmtime.Engine, place: Path, rounds: int) -> int:
    """Builds the guest that gives everything to its imports, and sends values through it on both engines; how many."""
    world = wit.load(text)
    source = getattr(sdk_guests, f"echo_{language}")(next(iter(bindings.generate(language, world).values())))
    module = sdk_guests.build(language, text, place / "echo", SOURCES[language], source)
    component = tooling.componentised(module, place / "echo/echo.wit")
    guests = (Native(module, world), Component(component, world, engine))
    rng = random.Random("values")
    for function in world.exports:
        for _ in range(rounds):
            padding = function.params[1:] == sdk_guests.PADDING
            values = [abi_random.random_value(rng, param.type) for param in function.params[: 1 if padding else None]]
            values += [0] * (len(sdk_guests.PADDING) if padding else 0)
            for guest in guests:
                got = guest.call(function, values)
                assert abi_random.same(got, values[0]), (function, values[0], got)
    return len(world.exports) * rounds * len(guests)
