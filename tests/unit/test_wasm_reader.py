# SPDX-License-Identifier: Apache-2.0
"""The module reader: nothing but Malformed for any bytes, and never a look outside the file."""

from __future__ import annotations

import pytest
from component_modules import wat
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.components import opcodes, wasmfile
from motet.components.reader import Malformed, Reader
from motet.components.rewrite import expose, leb, trim

RICH = wat("""
  (import "motet" "clock" (func (result i64))) (table 2 funcref) (memory (export "memory") 1 2)
  (global (mut f32) (f32.const 1.5)) (elem (i32.const 0) 1 1) (data (i32.const 16) "abc")
  (func (export "run") (param i32 f64) (result i32) (local i64 i64)
    (block (loop (br_table 0 1 0 (local.get 0)))) (i32.load offset=4 (i32.const 8)))
  (func (call_indirect (param i64) (i64.const -1) (i32.const 0)) (drop (memory.grow (i32.const 0)))
    (drop (i32.trunc_sat_f64_u (f64.const 2))))
""")


def test_a_module_is_read_as_it_was_written() -> None:
    module = wasmfile.decode(RICH)
    assert [(i.module, i.name, module.types[i.type]) for i in module.imports] == [("motet", "clock", "I()")]
    assert [module.signature(n) for n in range(3)] == ["I()", "i(iF)", "v()"]
    assert [(s.offset, s.count) for s in (*module.segments, *module.elements)] == [(16, 3), (0, 2)]
    assert [(e.name, e.kind, e.index) for e in module.exports] == [("memory", "memory", 0), ("run", "func", 1)]
    assert [body.locals for body in module.bodies] == [2, 0]


def test_instructions_are_read_with_labels_block_types_and_depth() -> None:
    body = wasmfile.decode(RICH).bodies[0]
    read = [(i.code, i.argument, i.depth) for i in opcodes.instructions(RICH, body.start, body.end)]
    assert read[:4] == [
        (opcodes.BLOCK, opcodes.EMPTY, 1),
        (opcodes.LOOP, opcodes.EMPTY, 2),
        (0x20, 0, 3),
        (opcodes.BR_TABLE, [0, 1, 0], 3),
    ]
    assert read[-1] == (opcodes.END, None, 1)


def test_trimming_twice_changes_nothing_more() -> None:
    once = trim(wasmfile.decode(RICH), {"run"}, 1)
    assert trim(wasmfile.decode(once), {"run"}, 1) == once


def test_exposing_exports_every_body_by_number() -> None:
    assert [e.name for e in wasmfile.decode(expose(wasmfile.decode(RICH))).exports] == ["1", "2"]


@settings(derandomize=True, max_examples=400, deadline=None)
@given(place=st.integers(0, len(RICH) - 1), byte=st.integers(0, 255), cut=st.integers(0, len(RICH)))
def test_a_changed_or_cut_module_raises_nothing_but_malformed(place: int, byte: int, cut: int) -> None:
    data = bytearray(RICH)
    data[place] = byte
    for variant in (bytes(data), bytes(data[:cut])):
        try:
            module = wasmfile.decode(variant)
            for body in module.bodies:
                list(opcodes.instructions(variant, body.start, body.end))
        except Malformed as error:
            assert 0 <= error.offset <= len(variant)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(data=st.binary(max_size=80))
def test_random_sections_raise_nothing_but_malformed(data: bytes) -> None:
    try:
        wasmfile.decode(wasmfile.MAGIC + data)
    except Malformed as error:
        assert 0 <= error.offset <= len(data) + 8


@settings(derandomize=True, max_examples=200, deadline=None)
@given(value=st.integers(0, 2**32 - 1))
def test_unsigned_integers_survive(value: int) -> None:
    assert Reader(leb(value)).u32() == value


@pytest.mark.parametrize(
    ("data", "value"), [(b"\x7f", -1), (b"\xff\x00", 127), (b"\x80\x80\x80\x80\x78", -(2**31)), (b"\x40", -64)]
)
def test_signed_integers_are_extended(data: bytes, value: int) -> None:
    assert Reader(data).s32() == value


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80" * 6, b"\xff\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x10"])
def test_integers_that_are_cut_or_too_large_are_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        Reader(data).u32()


def test_a_vector_that_lies_about_its_count_costs_nothing() -> None:
    reader = Reader(b"\xff\xff\xff\xff\x0f\x01")
    with pytest.raises(Malformed):
        list(reader.vector(reader.byte))
