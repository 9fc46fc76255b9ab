# SPDX-License-Identifier: Apache-2.0
"""Generated bindings, compiled with each language's own compiler, carry random values of random types both ways.

The same module runs on the native engine and, as a component that other tools made of it, on wasmtime.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from motet_native import wasm
from tests.support import abi_engines, abi_random, sdk_guests
from tests.support.sdk_guests import PADDING
from wasmtime import component as wc

from motet.components import descriptor, wit
from motet.components.sdk import bindings
from motet.components.sdk.templates import SOURCES
from motet.components.testing import Host, ToolError, open_component
from motet.components.testing.hosts import Err
from motet.components.wittypes import Function, Result, Type, World

TYPES, VALUES = 24, 12
MEMORY = 131072


@pytest.fixture(scope="module")
def engine() -> Iterator[wasmtime.Engine]:
    undo = abi_engines.tagged_variants()
    yield wasmtime.Engine()
    undo()


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


COMPILED = [language for language in bindings.LANGUAGES if language != "python"]


@pytest.mark.parametrize("language", COMPILED)
def test_random_values_of_random_types_go_through_import_and_export(
    language: str, engine: wasmtime.Engine, tmp_path: Path
) -> None:
    text = sdk_guests.contract(sdk_guests.functions(sdk_guests.random_types("sdk", TYPES)))
    check(language, text, engine, tmp_path)


@pytest.mark.parametrize("language", COMPILED)
def test_names_that_mean_something_to_a_language_or_collide_in_it(language: str, engine: wasmtime.Engine, tmp_path: Path) -> None:
    check(language, sdk_guests.AWKWARD, engine, tmp_path)


def check(language: str, text: str, engine: wasmtime.Engine, place: Path) -> None:
    """Builds the guest that gives everything to its imports, and sends values through it on both engines."""
    world = wit.load(text)
    source = getattr(sdk_guests, f"echo_{language}")(next(iter(bindings.generate(language, world).values())))
    module = sdk_guests.build(language, text, place / "echo", SOURCES[language], source)
    guests = (Native(module, world), Component(sdk_guests.component_of(module, text, place), world, engine))
    rng = random.Random("values")
    for function in world.exports:
        for _ in range(VALUES):
            padding = function.params[1:] == PADDING
            values = [abi_random.random_value(rng, param.type) for param in function.params[: 1 if padding else None]]
            values += [0] * (len(PADDING) if padding else 0)
            for guest in guests:
                got = guest.call(function, values)
                assert abi_random.same(got, values[0]), (function, values[0], got)


def shown(value: Any) -> Any:
    """A value of a typed call as JSON shows it, but for bytes."""
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return [shown(item) for item in value] if isinstance(value, list | tuple) else value


def test_random_values_go_through_dataclasses(tmp_path: Path) -> None:
    given = sdk_guests.functions(sdk_guests.random_types("sdk", TYPES))[:TYPES]
    text = sdk_guests.contract(given)
    world = wit.load(text)
    body = sdk_guests.echo_python(bindings.generate("python", world)["__init__.py"])
    sdk_guests.folder("python", text, tmp_path / "echo", "main.py", body)
    host = Host()
    for function in world.imports:
        host.answers(f"host.{function.name}", lambda value, _kind=function.result: unwrapped(_kind, value))
    rng = random.Random("values")
    with open_component(tmp_path / "echo", "python", host) as component:
        for function in world.exports:
            for _ in range(VALUES):
                value = shown(abi_random.random_value(rng, function.params[0].type))
                wanted = unwrapped(function.result, value)
                if isinstance(wanted, Err):
                    with pytest.raises(ToolError):
                        component.call(function.name, {"x": value})
                else:
                    assert abi_random.same(component.call(function.name, {"x": value}), wanted), (function, value)


def unwrapped(kind: Type | None, value: Any) -> Any:
    """What a function with this result returns or, as Err, raises."""
    if not isinstance(kind, Result):
        return value
    return value.get("val") if value["tag"] == "ok" else Err(value.get("val"))
