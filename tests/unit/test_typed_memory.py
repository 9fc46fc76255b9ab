# SPDX-License-Identifier: Apache-2.0
"""Typed calls while Python's collector is at work: finalisers may let the guest grow, and so move, its memory."""

from __future__ import annotations

import gc
import struct
from collections.abc import Iterator

import pytest
from motet_native import wasm
from wasmtime import wat2wasm

GUEST = """(module (memory (export "memory") 1)
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "give") (result i32) (i32.const 64)))"""
# give: func() -> list<u32>
TYPES = bytes([1, 1, 0, 1, 16, 7, 4]) + b"give" + bytes([0, 16])


@pytest.fixture
def collecting() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    gc.disable()
    yield
    gc.set_threshold(*before)
    gc.enable()


def test_memory_that_moves_while_a_list_is_built_is_read_where_it_is_now(collecting: None) -> None:
    instance = wasm.Instance(bytes(wat2wasm(GUEST)), memory=1 << 20)
    instance.fuel = 1000
    instance.write(64, struct.pack("<II", 200, 4))
    instance.write(200, struct.pack("<4I", 1, 2, 3, 4))
    give, grow = instance.typed("give", wasm.Types(TYPES)), instance.find("grow")
    told: list[int] = []
    # What follows the memory keeps it from growing where it is.
    kept = [bytearray(60_000) for _ in range(50)]

    class Finalised:
        def __init__(self) -> None:
            self.circle = self

        def __del__(self) -> None:
            told.append(grow())
            instance.write(200, struct.pack("<4I", 9, 8, 7, 6))

    Finalised()
    gc.set_threshold(1, 1, 1)
    gc.enable()
    value = give()
    assert told == [1]
    assert value == [9, 8, 7, 6]
    assert kept
