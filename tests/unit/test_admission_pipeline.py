# SPDX-License-Identifier: Apache-2.0
"""Admission from end to end: what it does to a module, what the smoke run refuses, and that it is reproducible."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import cbor2
import pytest
from component_modules import HARMFUL, RUN, VOTE, manifest, vote_manifest, wat

from motet.components import features, tools
from motet.components.admission import STEPS, Admitted, Target, admit
from motet.components.build import compile_module
from motet.components.errors import AdmissionError
from motet.components.flatness import check_flat
from motet.components.manifest import Manifest, parse
from motet.components.packages import read
from motet.components.wasmfile import CUSTOM


def refusal(body: str, contract: Manifest) -> AdmissionError:
    with pytest.raises(AdmissionError) as caught:
        admit(wat(body), contract)
    return caught.value


@pytest.fixture(scope="module")
def vote() -> Admitted:
    return admit(read(VOTE).content, vote_manifest())


def test_the_same_module_gives_the_same_artifact_and_the_same_log(vote: Admitted) -> None:
    again = admit(read(VOTE).content, vote_manifest())
    assert again.artifact == vote.artifact
    assert again.transform_log() == vote.transform_log()


def test_the_log_names_each_tool_and_the_digest_of_what_it_left(vote: Admitted) -> None:
    steps = {step.name: step for step in vote.log}
    assert list(steps) == ["input", "normalise", "clamp", "re-validate", "smoke run", "package"]
    assert steps["normalise"].tool.startswith("binaryen ")
    assert steps["re-validate"].tool.startswith("wasmtime ")
    assert steps["clamp"].digest == hashlib.sha256(vote.module).hexdigest()
    assert steps["package"].digest == vote.digest.hex()


def test_progress_is_told_step_by_step() -> None:
    told: list[tuple[str, int, int]] = []
    admit(wat(RUN), manifest(), progress=lambda *step: told.append(step))
    assert told == [(name, number, len(STEPS)) for number, name in enumerate(STEPS, 1)]


def test_memory_can_no_longer_grow_beyond_the_limit() -> None:
    admitted = admit(wat(f'(memory (export "memory") 1 900) {RUN}'), manifest(limits="memory = 4096"))
    assert [(m.minimum, m.maximum) for m in features.decode_profile(admitted.module).memories] == [(1, 1)]


def test_a_smaller_maximum_of_the_author_stays() -> None:
    admitted = admit(wat(f'(memory (export "memory") 0 1) {RUN}'), manifest(limits="memory = 1048576"))
    assert [(m.minimum, m.maximum) for m in features.decode_profile(admitted.module).memories] == [(0, 1)]


def test_names_and_custom_sections_do_not_reach_the_device() -> None:
    module = wat(f"(func $secret_name) {RUN}") + b"\0\x08\x05notesabc"[:10]
    admitted = admit(module, manifest())
    assert b"secret_name" not in admitted.module and b"notes" not in admitted.module
    assert CUSTOM not in [section.id for section in features.decode_profile(admitted.module).sections]


def test_exports_nobody_declared_are_dropped_with_the_code_behind_them() -> None:
    extra = '(func (export "debug") (result i32) (i32.const 7)) (global (export "version") i32 (i32.const 1))'
    decoded = features.decode_profile(admit(wat(RUN + extra), manifest()).module)
    assert [item.name for item in decoded.exports] == ["run"]
    assert (len(decoded.bodies), len(decoded.globals)) == (1, 0)


def test_an_empty_element_segment_is_dropped() -> None:
    admitted = admit(
        wat('(table 1 funcref) (elem (i32.const 0) func) (type $t (func)) (func (export "run") (param i32) '
            "(call_indirect (type $t) (local.get 0)))"),
        manifest("run(u32)"),
    )  # fmt: skip
    assert all(segment.count for segment in features.decode_profile(admitted.module).elements)


@pytest.mark.parametrize(
    "body",
    [
        "(unreachable) (i32.add (i32.const 1)) (drop)",
        "(block (br 0) (drop (i64.extend_i32_u (i32.const 1))))",
        "(loop (return) (br_if 0 (select (i32.const 1) (i32.const 2))))",
        "(block (result f64) (unreachable)) (drop)",
        "(return) (local.set 1 (i64.const 5)) (drop (block (result i64) (i64.const 1) (br 0)))",
    ],
)
def test_dead_and_polymorphic_code_is_gone_before_the_device_engine_sees_it(body: str) -> None:
    module = wat(f'(func (export "run") (param i32) (local i64) {body})')
    assert admit(module, manifest("run(u32)")).module != module


CARRIED = """(func (export "run") (param i32) (result f64)
  (block (result f64)
    (drop (br_if 0 (f64.const 1) (i32.eqz (local.get 0))))
    (if (result f64) (local.get 0) (then (f64.const 2)) (else (f64.const 3)))))"""


def test_a_valid_module_that_would_harm_the_device_engine_is_admitted_in_a_harmless_form() -> None:
    contract = manifest("run(u32)->f64")
    with pytest.raises(AdmissionError, match="flat"):
        check_flat(features.decode_profile(wat(HARMFUL)))
    check_flat(features.decode_profile(admit(wat(HARMFUL), contract).module))


def test_no_value_leaves_a_block_in_what_the_device_engine_sees() -> None:
    contract = manifest("run(u32)->f64")
    with pytest.raises(AdmissionError, match="a block with a result"):
        check_flat(features.decode_profile(wat(CARRIED)))
    check_flat(features.decode_profile(admit(wat(CARRIED), contract).module))


def test_a_module_that_the_first_choice_of_passes_leaves_unflat_is_flat_all_the_same() -> None:
    # binaryen's vacuum moves both drops out of the `if`, which then has a result.
    body = "(if (local.get 0) (then (drop (i64.load (i32.const 3)))) (else (drop (i64.load (i32.const 4)))))"
    admitted = admit(wat(f'(memory 1) (func (export "run") (param i32) {body})'), manifest("run(u32)"))
    check_flat(features.decode_profile(admitted.module))


@pytest.mark.parametrize(
    ("reason", "body"),
    [
        ("code that nothing reaches", "(return) (nop)"),
        ("code that nothing reaches", "(block (br 0) (nop))"),
        ("code that nothing reaches", "(block (br_table 0 0 (i32.const 1)) (nop))"),
        ("code that nothing reaches", "(unreachable) (unreachable)"),
        ("a block with a result", "(drop (loop (result i32) (i32.const 1)))"),
    ],
)
def test_a_module_that_is_not_flat_is_refused_whatever_binaryen_did(reason: str, body: str) -> None:
    with pytest.raises(AdmissionError, match=reason) as caught:
        check_flat(features.decode_profile(wat(f'(func (export "run") {body})')))
    assert caught.value.rule == "flat" and caught.value.where.startswith("function 0 at byte 0x")


BRANCHES = [
    "(loop (br 1 (i32.const 1))) (i32.const 1)",
    "(br_if 0 (i32.const 1) (i32.const 1))",
    "(br_table 0 0 (i32.const 1) (i32.const 1))",
]


@pytest.mark.parametrize("body", BRANCHES)
def test_a_branch_out_of_a_function_with_a_value_is_not_flat(body: str) -> None:
    with pytest.raises(AdmissionError, match="a branch that returns a value"):
        check_flat(features.decode_profile(wat(f"(func (result i32) {body})")))


def test_a_runaway_loop_ends_by_fuel_and_is_refused_with_the_export() -> None:
    error = refusal('(func (export "run") (loop (br 0)))', manifest("run()", limits="fuel = 5000"))
    assert error.rule == "fuel"
    assert error.where.startswith("export run")
    assert "5000" in error.reason


def test_a_loop_that_ends_within_its_fuel_is_admitted() -> None:
    loop = "(loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100))))"
    admit(wat(f'(func (export "run") (local i32) {loop})'), manifest(limits="fuel = 200"))


@pytest.mark.parametrize(
    "body",
    [
        "(loop (call $other) (br 0))",
        "(loop (loop (br 0)))",
        "(loop (br_table 0 0 0 (i32.const 1)))",
        "(loop (memory.grow (i32.const 1)) drop (br 0))",
        "(call $run) (call $run)",
    ],
)
def test_whatever_never_ends_is_stopped_by_fuel_or_by_the_stack(body: str) -> None:
    module = f'(memory 0) (func $other) (func $run (export "run") {body})'
    try:
        admit(wat(module), manifest(limits="fuel = 3000"))
    except AdmissionError as error:
        assert error.rule == "fuel", error


def test_endless_recursion_traps_on_both_engines_and_is_admitted_as_a_trap() -> None:
    admit(wat('(func $f (export "run") (call $f))'), manifest(limits="fuel = 1000000"))


def test_memory_beyond_the_device_limit_but_inside_the_page_is_refused() -> None:
    body = '(memory 1) (func (export "run") (result i32) (i32.load (i32.const 8192)))'
    error = refusal(body, manifest("run()->u32", limits="memory = 4096"))
    assert error.rule == "equal"
    assert "limits.memory = 4096" in error.reason


def test_a_function_the_device_engine_cannot_hold_is_refused_by_number_although_no_call_reaches_it() -> None:
    values = " ".join(["(i64.load (i32.const 0))"] * 200) + " i64.add" * 199
    never = "(if (i32.load (i32.const 16)) (then (drop (call $big))))"
    body = f'(memory 1) (func $big (result i64) {values}) (func (export "run") {never})'
    error = refusal(body, manifest())
    assert error.rule == "engine"
    assert error.where.startswith("function ")


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("run(u32,u32)->u32", "(param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1))"),
        ("run(s64)->s64", "(param i64) (result i64) (i64.rotl (local.get 0) (i64.const 7))"),
        ("run(f32)->f32", "(param f32) (result f32) (f32.div (local.get 0) (f32.const 0))"),
        ("run(f64)->s32", "(param f64) (result i32) (i32.trunc_sat_f64_s (f64.mul (local.get 0) (f64.const 1e30)))"),
        ("run(s8)->s32", "(param i32) (result i32) (i32.extend8_s (local.get 0))"),
        ("run(bool)->bool", "(param i32) (result i32) (i32.eqz (local.get 0))"),
    ],
)
def test_both_engines_agree_on_arithmetic_traps_and_nan(line: str, body: str) -> None:
    admit(wat(f'(func (export "run") {body})'), manifest(line))


def test_state_between_calls_agrees() -> None:
    body = """(memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
      (func (export "run") (param i32) (result i32)
        (global.set $n (i32.add (global.get $n) (local.get 0)))
        (i32.store (i32.const 8) (global.get $n)) (i32.store8 (i32.const 12) (i32.const 1)) (i32.const 8))"""
    admit(wat(body), manifest("run(u32)->u32+bool"))


def test_a_record_at_an_address_outside_memory_is_refused() -> None:
    body = '(memory (export "memory") 1) (func (export "run") (result i32) (i32.const -8))'
    error = refusal(body, manifest("run()->u32+u32"))
    assert error.rule == "equal"
    assert "outside of its memory" in error.reason


def test_a_misaligned_record_is_refused() -> None:
    body = '(memory (export "memory") 1) (func (export "run") (result i32) (i32.const 9))'
    error = refusal(body, manifest("run()->u32+u32"))
    assert error.rule == "equal"
    assert "not aligned" in error.reason


def test_imports_the_target_offers_are_linked_to_nothing_during_the_smoke_run() -> None:
    body = """(import "motet" "clock" (func $clock (result i64)))
      (func (export "run") (result i64) (i64.add (call $clock) (i64.const 1)))"""
    offered = {("motet", "clock"): "I()", ("motet", "unused"): "v(i)"}
    admitted = admit(wat(body), manifest("run()->u64"), Target(imports=offered))
    assert [item.name for item in features.decode_profile(admitted.module).imports] == ["clock"]


def test_the_artifact_holds_the_normalised_module_and_never_the_raw_one(vote: Admitted) -> None:
    raw = compile_module(VOTE, vote_manifest())
    body = cbor2.loads(vote.artifact)
    assert body[3] == vote.module != raw
    assert raw not in vote.artifact


ASKING = """(import "motet:device/sensors@0.1.0" "read" (func $read (param i32 i32 i32)))
 (memory (export "memory") 1) (data (i32.const 8) "light")
 (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 256))
 (func (export "run") (result i32)
  (call $read (i32.const 8) (i32.const 5) (i32.const 64))
  (i32.add (i32.load8_u (i32.const 64)) (i32.trunc_sat_f64_s (f64.load (i32.const 72)))))"""
ASKED = """package a:b;
world w {
  import motet:device/sensors@0.1.0;
  /// Asks.
  export run: func() -> s32;
}
"""


def test_typed_imports_answer_alike_on_both_engines_with_ok_and_error() -> None:
    header = '[component]\nname = "probe"\nrevision = 1\ndescription = "d"\nwit = "a.wit"\n'
    contract = parse(header + '[capabilities]\nsensors = [{ name = "*" }]\n')
    assert admit(tools.embed(wat(ASKING), ASKED), contract).log[-2].tool.endswith("8 calls")
    # What it does with an error it was given differs from what it does with a value: it reads beyond its limit.
    reading = "(if (i32.load8_u (i32.const 64)) (then (drop (i32.load (i32.const 9000)))))"
    with pytest.raises(AdmissionError, match=r"limits\.memory") as caught:
        admit(tools.embed(wat(ASKING.replace("(i32.add (i32.load8_u", reading + " (i32.add (i32.load8_u")), ASKED), contract)
    assert caught.value.rule == "equal"


def test_the_same_module_gives_the_same_artifact_in_another_process(vote: Admitted) -> None:
    program = "from motet.components.packages import accept, read; import sys, pathlib, hashlib\n"
    program += "print(hashlib.sha256(accept(read(pathlib.Path(sys.argv[1]))).artifact).hexdigest())"
    environment = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run([sys.executable, "-c", program, str(VOTE)], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == vote.digest.hex(), done.stderr
