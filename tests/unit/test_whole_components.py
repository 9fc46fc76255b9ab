# SPDX-License-Identifier: Apache-2.0
"""Components for gateways, run as they were built: values, limits, and that nothing is there but what is given."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from tests.support import abi_guests, abi_random

from motet.components import descriptor, manifest, staging, wit
from motet.components.errors import ComponentError
from motet.components.jit import Error, Trap, cancel
from motet.components.jit.whole import Whole
from motet.components.sdk.templates import create
from motet.components.testing import Host, ToolError, open_component
from motet.components.testing.hosts import Err
from motet.components.wittypes import World
from motet_core.canonical_lower import Mismatch
from motet_core.canonical_types import Types

TYPES, VALUES, FUEL, MEMORY = 40, 4, 1000, 1 << 20
CONTRACT = """package a:b@0.1.0;
interface bell { strike: func(times: u8) -> result<u32, string>; }
world w {
  import bell;
  /// How many calls of it there were.
  export count: func() -> u32;
  /// Never ends.
  export spin: func();
  /// Takes memory as long as there is some, then uses what it did not get.
  export bomb: func();
  /// Ends at once.
  export bad: func();
  /// Strikes the bell.
  export ring: func(times: u8) -> result<u32, string>;
}
"""
RESULT = "(result (result u32 (error string)))"
# Two modules with memories, which no device takes.
PARTS = f"""(import "a:b/bell@0.1.0" (instance $bell (export "strike" (func (param "times" u8) {RESULT}))))
 (core module $memory (memory (export "memory") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
 (core instance $other (instantiate $memory))
 (core func $strike (canon lower (func $bell "strike") (memory (core memory $other "memory"))
  (realloc (core func $other "realloc"))))
 (core module $main (import "bell" "strike" (func $strike (param i32 i32)))
  (memory 1) (global $count (mut i32) (i32.const 0))
  (func (export "count") (result i32)
   (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
  (func (export "spin") (loop (br 0)))
  (func (export "bomb")
   (loop (br_if 0 (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
   (i32.store (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)))
  (func (export "bad") unreachable)
  (func (export "ring") (param i32) (result i32) (call $strike (local.get 0) (i32.const 16)) (i32.const 16)))
 (core instance $i (instantiate $main (with "bell" (instance (export "strike" (func $strike))))))
 (func (export "count") (result u32) (canon lift (core func $i "count")))
 (func (export "spin") (canon lift (core func $i "spin")))
 (func (export "bomb") (canon lift (core func $i "bomb")))
 (func (export "bad") (canon lift (core func $i "bad")))
 (func (export "ring") (param "times" u8) {RESULT} (canon lift (core func $i "ring") (memory (core memory $other "memory"))))"""
WORLD = wit.load(CONTRACT)
EXPORTS = {function.name: function for function in WORLD.exports}


def component(more: str = "") -> bytes:
    return bytes(wasmtime.wat2wasm(f"(component {PARTS} {more})"))


def ok(times: int) -> dict[str, Any]:
    return {"tag": "ok", "val": times * 2}


def started(strike: Callable[..., Any] = ok, more: str = "", fuel: int = FUEL) -> Whole:
    return Whole(component(more), WORLD, {"a:b/bell@0.1.0#strike": strike}, fuel, MEMORY)


def test_every_value_goes_in_and_out_unchanged() -> None:
    for number in range(TYPES):
        rng = random.Random(f"whole {number}")
        kind = abi_random.random_type(rng)
        functions = abi_guests.functions(kind)
        echo = functions[0]
        shape = Types(descriptor.encode(functions)).functions["echo"].params
        code = bytes(wasmtime.wat2wasm(abi_guests.component(kind, shape.core, shape.size)))
        whole = Whole(code, World("w", "a:b", functions[:4], (echo,)), {"echo": lambda value: value}, 1 << 20)
        for _ in range(VALUES):
            value = abi_random.random_value(rng, kind)
            assert abi_random.same(whole.call(echo, {"x": value}), value), (kind, value)


def test_an_import_answers_fails_or_raises_and_the_component_goes_on() -> None:
    whole = started()
    assert whole.call(EXPORTS["ring"], {"times": 200}) == {"tag": "ok", "val": 400}
    assert whole.call(EXPORTS["count"], {}) == 1
    whole = started(lambda times: {"tag": "err", "val": "no bell"})
    assert whole.call(EXPORTS["ring"], {"times": 1}) == {"tag": "err", "val": "no bell"}
    for strike, error, words in (
        (lambda times: 1 // 0, ZeroDivisionError, "zero"),
        (lambda times: 7, TypeError, "expected result"),
    ):
        whole = started(strike)
        with pytest.raises(error, match=words):
            whole.call(EXPORTS["ring"], {"times": 1})
        assert whole.call(EXPORTS["count"], {}) == 1


@pytest.mark.parametrize(("name", "words"), [("spin", "out of fuel"), ("bomb", "out of bounds"), ("bad", "unreachable executed")])
def test_a_call_that_goes_wrong_is_ended_and_the_next_one_gets_a_fresh_component(name: str, words: str) -> None:
    whole = started()
    assert [whole.call(EXPORTS["count"], {}) for _ in range(2)] == [1, 2]
    with pytest.raises(Trap, match=words):
        whole.call(EXPORTS[name], {})
    assert whole.call(EXPORTS["count"], {}) == 1


def test_a_call_can_be_cancelled_from_outside() -> None:
    def strike(times: int) -> dict[str, Any]:
        cancel()
        return ok(times)

    whole = started(strike)
    try:
        with pytest.raises(Trap, match="cancelled"):
            whole.call(EXPORTS["ring"], {"times": 1})
            whole.call(EXPORTS["count"], {})
    finally:
        cancel(False)
    assert whole.call(EXPORTS["count"], {}) == 1


def test_arguments_are_checked_in_the_words_of_devices_before_anything_runs() -> None:
    whole = started()
    for given, words in (({"times": 256}, "times: expected u8"), ({}, "times: is required"), ({"times": 1, "x": 1}, "a name")):
        with pytest.raises(Mismatch, match=words):
            whole.call(EXPORTS["ring"], given)
    assert whole.call(EXPORTS["count"], {}) == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            '(import "wasi:cli/exit@0.2.0" (instance (export "exit" (func (param "s" u32)))))',
            "needs the import wasi:cli/exit.*not given",
        ),
        ('(import "a:b/poll@0.2.0" (instance (export "pollable" (type (sub resource)))))', "neither a function nor a type"),
        ('(import "a:b/door" (func (param "x" u32)))', "a:b/door.*the world does not"),
        ('(core module $z (func (export "x") (loop (br 0))) (start 0)) (core instance (instantiate $z))', "out of fuel"),
        ("(core module $z (memory 17)) (core instance (instantiate $z))", "memory"),
    ],
)
def test_what_is_not_given_is_not_there_and_starting_is_limited_too(more: str, words: str) -> None:
    with pytest.raises(Error, match=words):
        started(more=more)


def test_what_is_no_component_of_the_world_is_refused_by_name() -> None:
    with pytest.raises(Error, match=r"it needs the import a:b/bell@0\.1\.0#strike, which is not given"):
        Whole(component(), WORLD, {}, FUEL)
    with pytest.raises(Error, match="export count: the world exports it, the component does not"):
        Whole(bytes(wasmtime.wat2wasm("(component)")), WORLD, {}, FUEL)
    with pytest.raises(Error):
        Whole(component()[:-9], WORLD, {}, FUEL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A component for gateways that has been built from another language than its folder says, which takes no time."""
    made = create(tmp_path, "w", "python").folder
    (made / "w.wit").write_text(CONTRACT)
    declared = manifest.load(made)
    assert declared.build is not None
    files = staging.stage(made, declared, declared.build)
    (made / "w.wasm").write_bytes(staging.marked(component(), staging.digest(files, declared.build)))
    return made


def test_a_test_runs_the_binary_and_reads_what_an_agent_would(folder: Path) -> None:
    host = Host().answers("bell.strike", lambda times: 5 if times == 3 else Err("no bell"))
    with open_component(folder, "wasmtime", host) as opened:
        assert opened.call("ring", times=3) == 5
        with pytest.raises(ToolError, match=r"^no bell$"):
            opened.call("ring", times=4)
        assert host.calls("bell.strike") == [(3,), (4,)]
        with pytest.raises(ToolError, match="spin: stopped, out of fuel after 10000 units"):
            opened.call("spin")
        with pytest.raises(ToolError, match="bad: trapped: unreachable executed"):
            opened.call("bad")
        with pytest.raises(ToolError, match="times: expected u8"):
            opened.call("ring", times=-1)


def test_devices_are_no_place_for_it_and_the_refusal_names_those_that_are(folder: Path) -> None:
    with open_component(folder / "w.wasm", "wasmtime", Host().returns("bell.strike", 1)) as opened:
        assert opened.call("count") == 1
    with pytest.raises(ComponentError, match="is for gateways: it runs on python or wasmtime, not on native"):
        open_component(folder, "native")
