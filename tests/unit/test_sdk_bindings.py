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
from tests.support import abi_engines, abi_random, sdk_guests
from tests.support.sdk_engines import check

from motet.components import wit
from motet.components.sdk import bindings
from motet.components.testing import Host, ToolError, open_component
from motet.components.testing.hosts import Err
from motet.components.wittypes import Result, Type

TYPES, VALUES = 24, 12


@pytest.fixture(scope="module")
def engine() -> Iterator[wasmtime.Engine]:
    undo = abi_engines.tagged_variants()
    yield wasmtime.Engine()
    undo()


COMPILED = [language for language in bindings.LANGUAGES if language != "python"]


@pytest.mark.parametrize("language", COMPILED)
def test_random_values_of_random_types_go_through_import_and_export(
    language: str, engine: wasmtime.Engine, tmp_path: Path
) -> None:
    text = sdk_guests.contract(sdk_guests.functions(sdk_guests.random_types("sdk", TYPES)))
    check(language, text, engine, tmp_path, VALUES)


@pytest.mark.parametrize("language", COMPILED)
def test_names_that_mean_something_to_a_language_or_collide_in_it(language: str, engine: wasmtime.Engine, tmp_path: Path) -> None:
    check(language, sdk_guests.AWKWARD, engine, tmp_path, VALUES)


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
