# SPDX-License-Identifier: Apache-2.0
"""Each rule of admission refuses what it is there for and says what and where. Nothing here reaches an engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from component_modules import RUN, manifest, wat

from motet.components import admission, tools
from motet.components.admission import Target, admit
from motet.components.caps import Caps
from motet.components.errors import AdmissionError
from motet.components.manifest import Manifest, parse


def refusal(module: bytes, contract: Manifest | None = None, target: Target | None = None) -> AdmissionError:
    with pytest.raises(AdmissionError) as caught:
        admit(module, contract or manifest(), target)
    return caught.value


@pytest.mark.parametrize("data", [b"", b"\0", b"#!/bin/sh\n", b"\x7fELF" + bytes(100), b"\0aSm\x01\0\0\0"])
def test_bytes_that_are_not_webassembly_are_refused_at_byte_zero(data: bytes) -> None:
    error = refusal(data)
    assert (error.rule, error.where) == ("format", "byte 0x0")


def test_a_component_without_anything_in_it_is_refused() -> None:
    error = refusal(b"\0asm\x0d\0\x01\0")
    assert (error.rule, "no tools" in error.reason) == ("component", True)


def test_an_unknown_version_is_refused() -> None:
    assert refusal(b"\0asm\x02\0\0\0").rule == "format"


@pytest.mark.parametrize("cut", [1, 5, 7])
def test_a_module_cut_anywhere_is_refused_with_the_byte(cut: int) -> None:
    whole = wat(RUN)
    error = refusal(whole[: len(whole) - cut])
    assert error.rule == "valid"
    assert error.where.startswith("byte 0x")


def test_every_prefix_of_a_module_is_refused() -> None:
    whole = wat(f"(memory 1) {RUN}")
    assert {refusal(whole[:size]).rule for size in range(len(whole))} == {"format", "valid", "exports"}


def test_a_badly_typed_function_is_refused() -> None:
    body = b"\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x06\x01\x04\x00\x41\x01\x0b"
    assert refusal(b"\0asm\x01\0\0\0" + body).rule == "valid"


def test_a_file_too_large_is_refused_before_it_is_read() -> None:
    error = refusal(b"x" * 65537)
    assert error.rule == "size"
    assert "65537" in str(error) and "65536" in str(error)


@pytest.mark.parametrize(
    ("feature", "body"),
    [
        ("simd", "(func (param v128))"),
        ("simd", "(func (drop (i32x4.extract_lane 0 (v128.const i32x4 1 2 3 4))))"),
        ("bulk-memory", "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 9)))"),
        ("bulk-memory", '(memory 1) (data "passive")'),
        ("reference-types", "(func (param externref))"),
        ("reference-types", "(func (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 0))))"),
        ("reference-types", "(table 1 externref)"),
        ("multi-value", "(func (result i32 i32) (i32.const 1) (i32.const 2))"),
        ("multi-value", "(func (i32.const 1) (block (param i32) (drop)))"),
        ("threads", "(memory 1 1 shared)"),
        ("threads", "(memory 1) (func (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))"),
        ("memory64", "(memory i64 1)"),
        ("multi-memory", "(memory 1) (memory 1) (func (drop (i32.load 1 (i32.const 0))))"),
        ("tail-call", "(func $a (return_call $a))"),
        ("exceptions", "(tag) (func (throw 0))"),
        ("gc", "(type (struct))"),
        ("extended-const", "(global i32 (i32.add (i32.const 1) (i32.const 2)))"),
        ("wide-arithmetic", "(func (i64.mul_wide_s (i64.const 1) (i64.const 2)) drop drop)"),
    ],
)
def test_a_later_feature_is_refused_by_name_with_the_byte(feature: str, body: str) -> None:
    error = refusal(wat(f"{body} {RUN}"))
    assert error.rule == "profile"
    assert error.reason.startswith(feature)
    assert error.where.startswith("byte 0x")


def test_two_tables_are_refused() -> None:
    assert refusal(wat(f"(table 1 funcref) (table 1 funcref) {RUN}")).rule == "profile"


def test_a_start_function_is_refused() -> None:
    assert refusal(wat(f"(func $s) (start $s) {RUN}")).rule == "start"


def test_memory_beyond_the_limit_of_the_manifest_is_refused_with_both_numbers() -> None:
    error = refusal(wat(f"(memory 2) {RUN}"), manifest(limits="memory = 4096"))
    assert error.rule == "memory"
    assert "2 pages" in str(error) and "4096" in str(error)


def test_four_gigabytes_of_memory_are_refused() -> None:
    assert refusal(wat(f"(memory 65536) {RUN}")).rule == "memory"


def test_data_beyond_the_limit_is_refused_although_it_is_inside_the_page() -> None:
    error = refusal(wat(f'(memory 1) (data (i32.const 4094) "abc") {RUN}'), manifest(limits="memory = 4096"))
    assert error.rule == "data"
    assert "4097" in str(error)


def test_data_at_a_negative_address_is_refused() -> None:
    assert refusal(wat(f'(memory 1) (data (i32.const -1) "a") {RUN}')).rule == "data"


def test_a_table_too_large_is_refused() -> None:
    assert refusal(wat(f"(table 1000000 funcref) {RUN}")).rule == "table"


def test_an_element_segment_outside_the_table_is_refused() -> None:
    assert refusal(wat(f"(table 1 funcref) (elem (i32.const 1) 0) {RUN}")).rule == "elements"


def test_too_many_locals_are_refused_naming_the_function() -> None:
    error = refusal(wat(f"{RUN} (func (param i32) (local {'i64 ' * 100}))"))
    assert error.rule == "locals"
    assert error.where.startswith("function 1 at byte 0x")
    assert "101" in error.reason


def test_four_billion_locals_in_six_bytes_are_refused() -> None:
    module = bytearray(wat('(func (export "run") (local i32))'))
    at = module.rindex(b"\x01\x01\x7f")
    # One group of 2^31 locals instead of one: body, section and group grow by four bytes.
    module[at : at + 3] = b"\x01\x80\x80\x80\x80\x08\x7f"
    module[at - 1] += 4
    module[at - 3] += 4
    assert refusal(bytes(module)).rule in {"valid", "locals"}


def test_a_huge_branch_table_is_refused_at_its_byte() -> None:
    error = refusal(wat(f"{RUN} (func (block (br_table {'0 ' * 300} (i32.const 0))))"))
    assert error.rule == "br_table"
    assert "300" in error.reason


def test_deeply_nested_blocks_are_refused() -> None:
    error = refusal(wat(f"{RUN} (func {'(block ' * 100} {')' * 100})"))
    assert error.rule == "nesting"


def test_an_enormous_function_is_refused() -> None:
    error = refusal(wat(f"{RUN} (func {'(nop)' * 9000})"))
    assert error.rule == "code"


@pytest.mark.parametrize(
    ("rule", "body"),
    [("functions", "(func)" * 5), ("globals", "(global i32 (i32.const 0))" * 3), ("exports", '(func (export "x"))')],
)
def test_counts_above_their_cap_are_refused(rule: str, body: str) -> None:
    caps = Caps(functions=4, globals=2, exports=1)
    assert refusal(wat(body + RUN), target=Target(caps=caps)).rule == rule


def test_an_unknown_import_is_refused_by_name() -> None:
    error = refusal(wat(f'(import "env" "gpio_write" (func (param i32))) {RUN}'))
    assert error.rule == "imports"
    assert error.where == "import env.gpio_write"


def test_an_offered_import_with_another_signature_is_refused() -> None:
    target = Target(imports={("motet", "clock"): "I()"})
    error = refusal(wat(f'(import "motet" "clock" (func (result i32))) {RUN}'), target=target)
    assert error.rule == "imports"
    assert "i()" in error.reason and "I()" in error.reason


@pytest.mark.parametrize("kind", ["(memory 1)", "(table 1 funcref)", "(global i32)"])
def test_only_functions_can_be_imported(kind: str) -> None:
    assert "only functions" in str(refusal(wat(f'(import "env" "it" {kind}) {RUN}')))


def test_a_tool_without_its_export_is_refused_and_the_exports_are_listed() -> None:
    error = refusal(wat(f'{RUN} (func (export "other"))'), manifest("walk()"))
    assert error.rule == "exports"
    assert error.where == "export walk"
    assert "run, other" in error.reason


def test_an_export_that_is_no_function_is_refused() -> None:
    assert refusal(wat('(memory (export "run") 1)')).rule == "exports"


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("run(u32)", RUN),
        ("run()->u32", RUN),
        ("run(u64)->f32", '(func (export "run") (param i64) (result f64) (f64.const 0))'),
        ("run()->u64", '(func (export "run") (result i32) (i32.const 0))'),
    ],
)
def test_an_export_with_another_signature_than_the_manifest_is_refused(line: str, body: str) -> None:
    error = refusal(wat(body), manifest(line))
    assert error.rule == "exports"
    assert "signature" in error.reason


def test_a_record_result_needs_an_exported_memory() -> None:
    error = refusal(wat('(memory 1) (func (export "run") (result i32) (i32.const 0))'), manifest("run()->u32+u32"))
    assert error.where == "export memory"


@pytest.mark.parametrize("name", ["_initialize", "_start"])
def test_a_module_that_counts_on_a_run_time_start_is_refused(name: str) -> None:
    assert refusal(wat(f'{RUN} (func (export "{name}"))')).where == f"export {name}"


def test_text_and_lists_need_memory_that_the_module_gives() -> None:
    contract = "package a:b;\nworld w {\n  /// Does it.\n  export run: func(text: string);\n}\n"
    memory = '(memory (export "memory") 1)'
    for body, place in (("", "memory"), (memory, "cabi_realloc")):
        module = tools.embed(wat(f'{body} (func (export "run") (param i32 i32))'), contract)
        with pytest.raises(AdmissionError) as caught:
            admit(module, parse('[component]\nname = "probe"\nrevision = 1\ndescription = "d"\nwit = "a.wit"\n'))
        assert (caught.value.rule, caught.value.where) == ("exports", f"export {place}")


def test_a_refusal_names_component_rule_and_place() -> None:
    text = str(refusal(wat(f"(func $s) (start $s) {RUN}")))
    assert text.startswith("component probe is refused by rule 'start': function 0: ")


@pytest.mark.parametrize(("board", "ram"), [("stm32f405", 131072), ("linux", None), ("", None), ("../boards/stm32f405", None)])
def test_a_target_knows_the_memory_of_our_boards_and_of_no_others(board: str, ram: int | None) -> None:
    assert Target.of_board(board).ram == ram


def test_every_rule_is_explained_in_the_documentation() -> None:
    sources = Path(admission.__file__).parent.glob("*.py")
    text = "".join(path.read_text() for path in sources)
    rules = set(re.findall(r'AdmissionError\(\s*"([a-z_]+)"', text)) | set(re.findall(r'yield "([a-z]+)", len', text))
    documented = (Path(__file__).parents[2] / "docs/components.md").read_text()
    assert len(rules) > 15
    assert [rule for rule in sorted(rules) if f"`{rule}`" not in documented] == []
