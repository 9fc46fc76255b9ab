# SPDX-License-Identifier: Apache-2.0
"""Modules made to hurt: work without an end in sight, small files that stand for large ones, names that are none."""

from __future__ import annotations

import pytest
from component_modules import RUN, wat
from test_admission_rules import refusal

from motet.components.admission import Target
from motet.components.caps import Caps
from motet.components.errors import AdmissionError
from motet.components.features import decode_profile
from motet.components.straight import check_straight

STRAIGHT = "(local.set 0 " + "(f64.sqrt " * 300 + "(local.get 0)" + ")" * 301


def test_too_much_work_without_a_call_or_a_loop_is_refused_naming_the_function() -> None:
    module = wat(f'(func) (func (export "run") (local f64) {STRAIGHT * 3})')
    with pytest.raises(AdmissionError) as caught:
        check_straight(decode_profile(module))
    assert (caught.value.rule, caught.value.where[:11]) == ("straight", "function 1 ")
    assert "at most 10000" in caught.value.reason


def test_as_much_work_in_several_functions_or_cheaper_instructions_is_accepted() -> None:
    check_straight(decode_profile(wat(f"(func (local f64) {STRAIGHT}) (func (local f64) {STRAIGHT}) (func {'(nop)' * 4000})")))


def test_a_name_that_is_not_utf8_is_refused_with_its_byte() -> None:
    module = wat('(func (export "run")) (func (export "abcd"))').replace(b"abcd", b"\xff\xfe\xed\xa0")
    error = refusal(module)
    assert (error.rule, error.where[:7]) == ("valid", "byte 0x")
    named = wat(RUN) + b"\0\x06\x04na\xff\xfe\0"
    assert refusal(named).rule in {"valid", "profile"}


def test_two_exports_or_imports_of_one_name_are_refused_or_the_same() -> None:
    module = wat('(func (export "run")) (func (export "ruX"))').replace(b"ruX", b"run")
    assert refusal(module).rule == "valid"
    twice = '(import "env" "f" (func (param i32)))' * 2
    assert refusal(wat(f"{twice} {RUN}")).where == "import env.f"


def test_a_small_file_that_stands_for_a_huge_one_is_refused() -> None:
    # 60 KB of parameters of one type, a table of four billion, segments that each fill memory anew, one function 4000 times.
    assert refusal(wat(f"(type (func (param {'i32 ' * 60_000}))) {RUN}")).rule in {"valid", "locals"}
    assert refusal(wat(f"(table 4294967295 funcref) {RUN}")).rule == "table"
    segments = '(data (i32.const 0) "x")' * 65
    assert refusal(wat(f"(memory 1) {segments} {RUN}")).rule == "segments"
    exports = " ".join(f'(export "e{n}" (func 0))' for n in range(4000))
    assert refusal(wat(f"{RUN} {exports}")).rule == "exports"


def test_what_flattening_makes_too_large_is_refused() -> None:
    step = "(local.set 0 (if (result i32) (local.get 0) (then (i32.load (local.get 0))) (else (i32.const 7))))"
    module = wat(f'(memory 1) (func (export "run") (local i32) {step * 300})')
    error = refusal(module, target=Target(caps=Caps(file_bytes=len(module))))
    assert (error.rule, str(len(module)) in error.reason) == ("size", True)
