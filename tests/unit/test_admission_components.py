# SPDX-License-Identifier: Apache-2.0
"""Components as toolchains make them: the core module inside is admitted as it would be alone, or a rule says why not."""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime
from tests.support.tooling import componentised, dummy

from motet.components import conformance, features, tools, wit
from motet.components.admission import admit
from motet.components.build import compile_module
from motet.components.componentfile import unbundle
from motet.components.errors import AdmissionError, ComponentError
from motet.components.manifest import Manifest, load, parse

ANALYZER = Path(__file__).resolve().parents[1] / "support/analyzer"
CONTRACT = """package a:b@0.1.0;
interface log { say: func(text: string); }
interface sums {
  record pair { a: u32, b: u32 }
  /// Adds.
  add: func(of: pair) -> u32;
}
world w {
  import log;
  export sums;
  /// Its length.
  export size: func(text: string) -> u32;
}
"""
MANIFEST = '[component]\nname = "probe"\nrevision = 1\ndescription = "d"\nwit = "a.wit"\n'
CORE = """(core module $m (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
  (func (export "a:b/sums@0.1.0#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "size") (param i32 i32) (result i32) (local.get 1)))
 (core instance $i (instantiate $m))"""
SUMS = """(type $pair (record (field "a" u32) (field "b" u32)))
 (func $add (param "of" $pair) (result u32) (canon lift (core func $i "a:b/sums@0.1.0#add")))
 (component $wire
  (type $r (record (field "a" u32) (field "b" u32))) (import "import-type-pair" (type $t (eq $r)))
  (import "import-func-add" (func $f (param "of" $t) (result u32)))
  (export $out "pair" (type $r)) (export "add" (func $f) (func (param "of" $out) (result u32))))
 (instance $sums (instantiate $wire (with "import-func-add" (func $add)) (with "import-type-pair" (type $pair))))
 (export "a:b/sums@0.1.0" (instance $sums))"""
OPTIONS = '(memory (core memory $i "memory")) (realloc (core func $i "cabi_realloc"))'
SIZE = f'(func $size (param "text" string) (result u32) (canon lift (core func $i "size") {OPTIONS}))'
EXPORT = '(export "size" (func $size))'


def component(*parts: str) -> bytes:
    return tools.embed(bytes(wasmtime.wat2wasm(f"(component {' '.join(parts)})")), CONTRACT)


def contract() -> Manifest:
    return parse(MANIFEST)


def refusal(*parts: str) -> AdmissionError:
    with pytest.raises(AdmissionError) as caught:
        admit(component(*parts), contract())
    return caught.value


def test_a_component_gives_the_artifact_of_the_module_inside_and_says_so_in_its_log() -> None:
    declared, text = load(ANALYZER), (ANALYZER / "analyzer.wit").read_text()
    core = compile_module(ANALYZER, declared)
    admitted = admit(tools.embed(componentised(core, ANALYZER / "analyzer.wit"), text), declared)
    assert admitted.artifact == admit(tools.embed(core, text), declared).artifact
    assert [step.name for step in admitted.log][:3] == ["input", "unbundle", "normalise"]


def test_interfaces_and_functions_of_the_world_become_tools() -> None:
    assert b"probe.add" in admit(component(CORE, SUMS, SIZE, EXPORT), contract()).artifact


EVERYTHING = """package my:all@0.1.0;
world all {
  import motet:device/log@0.1.0;
  import motet:device/clock@0.1.0;
  import motet:device/sensors@0.1.0;
  import motet:device/gpio@0.1.0;
  import motet:device/bus@0.1.0;
  import motet:device/store@0.1.0;
  import motet:device/messaging@0.1.0;
  import motet:device/vitals@0.1.0;
  import motet:nn/inference@0.1.0;
  export motet:component/lifecycle@0.1.0;
  export motet:component/handler@0.1.0;
  /// Looks.
  export look: func(at: list<tuple<string, option<f64>>>) -> result<u32, string>;
}
"""


def test_a_component_of_all_that_devices_offer_is_its_world_in_both_eyes() -> None:
    component, world = dummy(EVERYTHING), wit.load(EVERYTHING)
    conformance.check(component, world)
    exports = {item.name for item in features.decode_profile(unbundle(component)).exports}
    assert "cm32p2||look" in exports and "cm32p2|motet:component/handler@0.1|handle" in exports
    with pytest.raises(AdmissionError, match="the world does not"):
        conformance.check(component, wit.load(EVERYTHING.replace("  import motet:device/gpio@0.1.0;\n", "")))


@pytest.mark.parametrize(
    ("where", "words", "parts"),
    [
        ("export size", "the world exports it, the component does not", [CORE, SUMS]),
        ("export size", "has func(words: string) -> u32, the world func(text: string) -> u32",
         [CORE, SUMS, SIZE.replace('"text"', '"words"'), EXPORT]),
        ("export a:b/sums@0.1.0#add", "record { a: u32, c: u32 }",
         [CORE, SUMS.replace('(field "b" u32)', '(field "c" u32)'), SIZE, EXPORT]),
        ("import other", "the world does not", ['(import "other" (func))', CORE, SUMS, SIZE, EXPORT]),
        ("import a:b/log@0.1.0#say", "func(text: u32)",
         ['(import "a:b/log@0.1.0" (instance (export "say" (func (param "text" u32)))))', CORE, SUMS, SIZE, EXPORT]),
        ("", "neither a function nor a type", [CORE, SUMS, SIZE, EXPORT, '(export "m" (core module $m))']),
        ("", "neither a function nor a type", ['(import "r" (type (sub resource)))', CORE, SUMS, SIZE, EXPORT]),
    ],
)  # fmt: skip
def test_a_component_of_another_type_than_the_world_is_refused_naming_the_function(
    where: str, words: str, parts: list[str]
) -> None:
    error = refusal(*parts)
    assert (error.rule, error.where) == ("conformance", where)
    assert words in error.reason


TWO = CORE.replace("$m", "$m2").replace("$i", "$i2")
STATE = '(core module $n (memory 1) (func (export "f"))) (core instance (instantiate $n))'
AGAIN = CORE.replace('(func (export "cabi_realloc")', '(func (export "again") (export "cabi_realloc")')
RESOURCE = "(type $r (resource (rep i32))) (core func (canon resource.new $r))"
TYPES = "(type $big0 (tuple u8 u8))" + "".join(f"(type $big{n + 1} (tuple $big{n} $big{n}))" for n in range(40))


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("several core modules", [CORE, TWO, SUMS, SIZE.replace("$i ", "$i2 "), EXPORT]),
        ("must all be exports of one", [CORE, TWO, SUMS, SIZE.replace('memory $i "', 'memory $i2 "'), EXPORT]),
        ("a second core module with memory", [STATE, CORE, SUMS, SIZE, EXPORT]),
        ("UTF-16", [CORE, SUMS, SIZE.replace("(memory", "string-encoding=utf16 (memory", 1), EXPORT]),
        ("uses the core export 'again'", [AGAIN, SUMS, SIZE.replace('"cabi_realloc"', '"again"'), EXPORT]),
        ("resources are not for devices", [RESOURCE, CORE, SUMS, SIZE, EXPORT]),
        ("with code or instances of its own", ["(component (core module))", CORE, SUMS, SIZE, EXPORT]),
        ("with code or instances of its own", ["(component (component))", CORE, SUMS, SIZE, EXPORT]),
        ("no tools", ["(core module)"]),
    ],
)  # fmt: skip
def test_what_a_device_cannot_have_of_a_component_is_refused_at_its_byte(words: str, parts: list[str]) -> None:
    error = refusal(*parts)
    assert (error.rule, error.where[:7]) == ("component", "byte 0x")
    assert words in error.reason


def test_types_that_unfold_to_billions_of_parts_are_refused() -> None:
    imported = '(import "x" (func (param "a" $big40)))'
    assert refusal(TYPES, imported, CORE, SUMS, SIZE, EXPORT).rule in ("conformance", "valid")


def test_a_component_without_a_contract_is_refused() -> None:
    bare = bytes(wasmtime.wat2wasm(f"(component {CORE} {SUMS} {SIZE} {EXPORT})"))
    with pytest.raises(AdmissionError, match="carries no contract"):
        admit(bare, contract())


def test_what_is_inside_a_component_meets_all_rules_of_a_module() -> None:
    assert refusal(CORE.replace("1)", "1) (func $s) (start $s)", 1), SUMS, SIZE, EXPORT).rule == "start"
    assert refusal(CORE.replace("1)", "9)", 1), SUMS, SIZE, EXPORT).rule == "memory"
    assert refusal(CORE.replace('"size"', '"sized"'), SUMS, SIZE.replace('"size"', '"sized"'), EXPORT).rule == "exports"


def test_a_component_cut_at_any_byte_or_with_any_byte_changed_is_a_typed_refusal_or_a_component() -> None:
    whole = component(CORE, SUMS, SIZE, EXPORT)
    damaged = [whole[:size] for size in range(8, len(whole))]
    damaged += [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :] for at in range(8, len(whole))]
    whole_again, refused = [], 0
    for data in damaged:
        try:
            unbundle(data)
            whole_again.append(data)
        except AdmissionError as error:
            refused += error.rule == "component"
    assert refused + len(whole_again) == len(damaged) and refused > len(damaged) // 3
    # wasmtime looks at those that can be taken apart; every ninth is enough to see that a refusal is typed there, too.
    for data in whole_again[::9]:
        try:
            admit(data, contract())
        except ComponentError as error:
            assert getattr(error, "rule", "wit") not in ("smoke", "engine", "normalise"), error
