# SPDX-License-Identifier: Apache-2.0
"""Operators that work element by element, alone and random: the bytes of the tflite-micro wheel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motet_native import nn
from tests.support.nn_builder import KINDS, Tensor, Wheel, one_operator, options
from tests.support.nn_single import ACTIVATIONS, EXAMPLES, SCALES, SEEDS, ZEROS, check, same, shapes

ALL = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
PAIRS = [value.astype(np.int8).reshape(1, -1) for value in np.meshgrid(np.arange(-128, 128), np.arange(-128, 128))]


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


def table_of(name: str, **fields: Any) -> Any:
    table = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions", "PRELU": None}.get(name, "MaximumMinimumOptions")
    return None if table is None else options(table, **({} if table == "MaximumMinimumOptions" else fields))


@st.composite
def broadcasts(draw: st.DrawFn, most: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Two shapes and the one that they have together."""
    whole = draw(shapes(1, most, 4))
    parts = [tuple(draw(st.sampled_from([size, size, 1])) for size in whole) for _ in range(2)]
    parts[draw(st.integers(0, 1))] = whole
    cut = draw(st.integers(0, len(whole) - 1))
    if draw(st.booleans()):
        parts[1] = parts[1][cut:]
        parts[0] = whole
    out = np.broadcast_shapes(*parts)
    return parts[0], parts[1], out


@given(
    broadcasts(6), st.sampled_from(["ADD", "SUB", "MUL"]), SCALES, ZEROS, SCALES, ZEROS, SCALES, ZEROS, ACTIVATIONS, SEEDS
)  # fmt: skip
@EXAMPLES
def test_arithmetic_with_broadcasting_gives_the_bytes_of_the_wheel(
    wheel: Wheel, parts: Any, name: str, scale: float, zero: int, other_scale: float, other_zero: int, out_scale: float,
    out_zero: int, activation: int, seed: int,
) -> None:  # fmt: skip
    left, right = Tensor(parts[0], scale, zero), Tensor(parts[1], other_scale, other_zero)
    y = Tensor(parts[2], out_scale, out_zero)
    check(wheel, name, [left, right], y, table_of(name, fusedActivationFunction=activation), seed)


@given(broadcasts(6), st.sampled_from(["MAXIMUM", "MINIMUM"]), SCALES, ZEROS, SEEDS)
@EXAMPLES
def test_extremes_with_broadcasting_give_the_bytes_of_the_wheel(
    wheel: Wheel, parts: Any, name: str, scale: float, zero: int, seed: int
) -> None:
    left, right, y = (Tensor(shape, scale, zero) for shape in parts)
    check(wheel, name, [left, right], y, table_of(name), seed)


@given(st.sampled_from(["ADD", "SUB", "MUL", "PRELU"]), SCALES, ZEROS, SCALES, ZEROS, st.floats(0.5, 2, width=32), ZEROS)
@settings(EXAMPLES, max_examples=12)
def test_all_pairs_of_values_give_the_bytes_of_the_wheel(
    wheel: Wheel, name: str, scale: float, zero: int, other_scale: float, other_zero: int, factor: float, out_zero: int
) -> None:
    inputs = [Tensor((1, 65536), scale, zero), Tensor((1, 65536), other_scale, other_zero)]
    y = Tensor((1, 65536), max(scale, other_scale) * factor, out_zero)
    same(wheel, one_operator(name, inputs, y, table_of(name)), [PAIRS])


@given(shapes(1, 4), st.booleans(), SCALES, ZEROS, SCALES, ZEROS, SCALES, ZEROS, SEEDS)
@EXAMPLES
def test_prelu_gives_the_bytes_of_the_wheel(
    wheel: Wheel, shape: tuple[int, ...], shared: bool, scale: float, zero: int, other_scale: float, other_zero: int,
    out_scale: float, out_zero: int, seed: int,
) -> None:  # fmt: skip
    slopes = (*[1] * (len(shape) - 1), shape[-1]) if shared else shape
    value = np.random.default_rng(seed).integers(-128, 128, slopes, np.int8)
    alpha = Tensor(slopes, other_scale, other_zero, value=value)
    check(wheel, "PRELU", [Tensor(shape, scale, zero), alpha], Tensor(shape, out_scale, out_zero), None, seed)


def one_value(wheel: Wheel, name: str, x: tuple[float, int], y: tuple[float, int], table: Any, wide: bool) -> None:
    """All values, as few (each computed) or many (by table)."""
    values = np.tile(ALL, (1, 3)) if wide else ALL
    model = one_operator(name, [Tensor(values.shape, *x)], Tensor(values.shape, *y), table)
    same(wheel, model, [[values]])


@given(st.floats(2**-14, 4, width=32), ZEROS, SCALES, ZEROS, st.booleans())
@EXAMPLES
def test_curves_give_the_bytes_of_the_wheel(
    wheel: Wheel, scale: float, zero: int, out_scale: float, out_zero: int, wide: bool
) -> None:
    one_value(wheel, "LOGISTIC", (scale, zero), (1 / 256, -128), None, wide)
    one_value(wheel, "TANH", (scale, zero), (1 / 128, 0), None, wide)
    one_value(wheel, "RELU", (scale, zero), (out_scale, out_zero), None, wide)
    one_value(wheel, "RELU6", (scale, zero), (scale, zero), None, wide)


@given(st.floats(2**-14, 4, width=32), ZEROS, SCALES, ZEROS, st.floats(0, 1.5, width=32), st.booleans())
@EXAMPLES
def test_leaks_and_hard_swishes_give_the_bytes_of_the_wheel(
    wheel: Wheel, scale: float, zero: int, out_scale: float, out_zero: int, alpha: float, wide: bool
) -> None:
    alpha = alpha if alpha > 1e-6 else 0.0
    one_value(wheel, "LEAKY_RELU", (scale, zero), (out_scale, out_zero), options("LeakyReluOptions", alpha=alpha), wide)
    scale = max(scale, 2**-9)
    fine = max(out_scale, scale / 64)
    one_value(wheel, "HARD_SWISH", (scale, zero), (fine, out_zero), options("HardSwishOptions"), wide)


@given(SCALES, st.integers(1, 63), st.integers(1, 63), st.integers(1, 8), st.integers(9, 40), ZEROS)
@EXAMPLES
def test_ratios_that_round_in_the_middle_give_the_bytes_of_the_wheel(
    wheel: Wheel, scale: float, above: int, below: int, rise: int, run: int, zero: int
) -> None:
    """Single and double precision differ here."""
    out_scale = float(np.float32(scale) * np.float32(2 * above) / np.float32(below))
    table = options("LeakyReluOptions", alpha=float(np.float32(rise) / np.float32(run)))
    one_value(wheel, "RELU", (scale, zero), (out_scale, -128), None, False)
    one_value(wheel, "LEAKY_RELU", (scale, zero), (out_scale, -5), table, False)


@given(SCALES, ZEROS)
@EXAMPLES
def test_a_rectifier_to_plus_minus_1_gives_the_bytes_of_a_pool_that_ends_with_it(wheel: Wheel, scale: float, zero: int) -> None:
    """The wheel does not have the operator, but the activation: behind a pool of one element nothing else happens."""
    x, values = Tensor((1, 16, 16, 1), scale, zero), ALL.reshape(1, 16, 16, 1)
    table = options("Pool2DOptions", strideH=1, strideW=1, filterHeight=1, filterWidth=1, fusedActivationFunction=2)
    model = nn.Model(one_operator("RELU_N1_TO_1", [x], x))
    assert [model.predict([values])] == wheel.run(one_operator("AVERAGE_POOL_2D", [x], x, table), [[values]])


@given(st.sampled_from([KINDS.INT8, KINDS.INT16, KINDS.UINT8]), SCALES, ZEROS, SEEDS)
@EXAMPLES
def test_dequantisations_give_the_bytes_of_the_wheel(wheel: Wheel, kind: int, scale: float, zero: int, seed: int) -> None:
    own = {KINDS.INT8: zero, KINDS.UINT8: zero + 128}.get(kind, 0)
    y = Tensor((3, 40), kind=KINDS.FLOAT32)
    check(wheel, "DEQUANTIZE", [Tensor((3, 40), scale, own, kind)], y, options("DequantizeOptions"), seed)
