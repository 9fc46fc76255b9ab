# SPDX-License-Identifier: Apache-2.0
"""The arena of a 32-bit board, counted by the engine in a WebAssembly sandbox, for good models and bad ones."""

from __future__ import annotations

import random

import pytest
from motet_native import nn
from tests.support.nn_mutations import mutations, seeds

from motet.models import sizing
from motet.paths import data

DIGITS = (data("models") / "digits" / "digits.tflite").read_bytes()

pytestmark = pytest.mark.skipif(sizing.arena_of_a_board(DIGITS) is None, reason="no clang to compile the engine for 32 bits")


def of_this_machine(model: bytes) -> int | None:
    try:
        return nn.Model(model).arena_bytes
    except (nn.Error, MemoryError):
        return None


@pytest.mark.parametrize("model", [DIGITS, *seeds()])
def test_a_board_needs_less_than_a_64_bit_machine(model: bytes) -> None:
    counted, here = sizing.arena_of_a_board(model), of_this_machine(model)
    assert counted is not None and here is not None and 0 < counted < here


def test_damaged_models_are_counted_or_refused_as_the_engine_does() -> None:
    for model in mutations([DIGITS, *seeds()[:12]], 150, 3):
        here = of_this_machine(model)
        if here is None or here < 1 << 22:
            assert (sizing.arena_of_a_board(model) is None) == (here is None)


def test_noise_is_not_counted() -> None:
    chance = random.Random(4)
    assert all(sizing.arena_of_a_board(chance.randbytes(size)) is None for size in (0, 1, 15, 16, 5000))
