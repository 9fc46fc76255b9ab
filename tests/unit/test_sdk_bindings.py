# SPDX-License-Identifier: Apache-2.0
"""Generated bindings, compiled with each language's own compiler, carry random values of random types both ways.

The same module runs on the native engine and, as a component that other tools made of it, on wasmtime.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from motet_native import wasm
from tests.support import abi_random, sdk_guests
from tests.support.sdk_engines import check

from motet.components import wit
from motet.components.build import build
from motet.components.sdk import bindings, templates
from motet.components.sdk.layout import BindingError
from motet.components.testing import Host, ToolError, open_component
from motet.components.testing.hosts import Err
from motet.components.witlexer import WitError
from motet.components.wittypes import Result, Type

TYPES, VALUES = 24, 12


@pytest.fixture(scope="module")
def engine() -> wasmtime.Engine:
    return wasmtime.Engine()


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


@pytest.mark.parametrize("language", COMPILED)
def test_the_arena_traps_when_it_is_full_and_no_size_wraps_around(language: str, tmp_path: Path) -> None:
    module = build(templates.create(tmp_path, "arena", language).folder).module
    for size in (1025, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF):
        for before in (0, 8, 1016, 1024):
            instance = wasm.Instance(module, memory=8192, stack=8192)
            instance.fuel = 10000
            realloc = instance.find("cabi_realloc")
            first = realloc(0, 0, 8, before)
            with pytest.raises(wasm.Trap):
                realloc(0, 0, 1, size - (1 << 32) if size >> 31 else size)
            assert first % 8 == 0 and first + before <= instance.memory_bytes


@pytest.mark.parametrize("language", COMPILED)
def test_memory_of_a_call_is_free_again_for_the_next_one(language: str, tmp_path: Path) -> None:
    folder = templates.create(tmp_path, "again", language, "library").folder
    with open_component(folder) as component:
        for _ in range(20):
            assert len(component.call("smooth", {"values": [1.0] * 400, "window": 3})) == 400
            assert component.call("peak", {"values": [1.0] * 800}) == 0
        with pytest.raises(ToolError, match="trapped: unreachable"):
            component.call("smooth", {"values": [1.0] * 600, "window": 3})
        assert component.call("peak", {"values": [1.0, 2.0]}) == 1


def test_bindings_that_cannot_be_written_or_made_say_why(tmp_path: Path) -> None:
    contract = tmp_path / "a.wit"
    contract.write_text("package a:b; world w { export f: func(x: string); }")
    assert [path.name for path in bindings.write("c", contract, tmp_path / "out")] == ["w.h", "w_glue.c", "memory.c"]
    (tmp_path / "file").write_text("")
    for words, call in {
        "no bindings for 'cobol': there are c, zig": ("cobol", contract, tmp_path / "x"),
        "gone.wit: No such file": ("c", tmp_path / "gone.wit", tmp_path / "x"),
        "file: ": ("zig", contract, tmp_path / "file"),
    }.items():
        with pytest.raises(BindingError, match=words):
            bindings.write(*call)
    with pytest.raises(BindingError, match="multiple of 8 bytes, not 12"):
        bindings.write("c", contract, tmp_path / "x", arena=12)
    contract.write_bytes(b"\xff")
    with pytest.raises(BindingError, match="not UTF-8"):
        bindings.write("c", contract, tmp_path / "x")
    contract.write_text("package a:b; world w { export f: func(x: string) }")
    with pytest.raises(WitError, match=r"a\.wit:1"):
        bindings.write("c", contract, tmp_path / "x")
    assert not (tmp_path / "x").exists()


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
