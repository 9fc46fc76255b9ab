# SPDX-License-Identifier: Apache-2.0
"""Operators of float32: the bytes of the tflite-micro wheel, which computes with the C library's expf, on x86-64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motet_native import nn
from tests.support.nn_builder import KINDS, Tensor, Wheel, constant, one_operator, options
from tests.support.nn_single import ACTIVATIONS, EXAMPLES, SCALES, SEEDS, ZEROS, check, same, windows
from tests.support.nn_wide import single

SPECIAL = np.array(
    [[np.inf, -np.inf, np.nan, 0.0, -0.0, 1e38, -1e38, 1e-40, 88.7, 88.8, -103.9, -104.0, -87.4, 16.7]], np.float32
)


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


@given(windows(True), st.integers(1, 2), st.integers(1, 5), st.integers(1, 4), ACTIVATIONS, st.booleans(), SEEDS)
@EXAMPLES
def test_convolutions_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], groups: int, channels: int, rows: int, activation: int, bias: bool, seed: int
) -> None:
    table = options("Conv2DOptions", **window["strides"], **window["dilations"], fusedActivationFunction=activation)
    rows *= groups
    own = [single((rows, *window["kernel"], channels), seed), *([single((rows,), seed)] if bias else [])]
    x = single((window["batch"], *window["image"], groups * channels))
    check(wheel, "CONV_2D", [x, *own], single((window["batch"], *window["out"], rows)), table, seed)


@given(windows(True), st.integers(1, 5), st.integers(1, 3), ACTIVATIONS, st.booleans(), SEEDS)
@EXAMPLES
def test_depthwise_convolutions_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], channels: int, multiplier: int, activation: int, bias: bool, seed: int
) -> None:
    rows = channels * multiplier
    table = options(
        "DepthwiseConv2DOptions", **window["strides"], **window["dilations"], depthMultiplier=multiplier,
        fusedActivationFunction=activation,
    )  # fmt: skip
    own = [single((1, *window["kernel"], rows), seed), *([single((rows,), seed)] if bias else [])]
    x = single((window["batch"], *window["image"], channels))
    check(wheel, "DEPTHWISE_CONV_2D", [x, *own], single((window["batch"], *window["out"], rows)), table, seed)


@given(st.integers(1, 4), st.integers(1, 300), st.integers(1, 9), ACTIVATIONS, st.booleans(), SEEDS)
@EXAMPLES
def test_fully_connected_layers_give_the_bytes_of_the_wheel(
    wheel: Wheel, batches: int, depth: int, rows: int, activation: int, bias: bool, seed: int
) -> None:
    own = [single((rows, depth), seed), *([single((rows,), seed)] if bias else [])]
    table = options("FullyConnectedOptions", fusedActivationFunction=activation)
    check(wheel, "FULLY_CONNECTED", [single((batches, depth)), *own], single((batches, rows)), table, seed)


@given(windows(False), st.integers(1, 9), ACTIVATIONS, st.sampled_from(["AVERAGE", "MAX"]), SEEDS)
@EXAMPLES
def test_pools_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], channels: int, activation: int, kind: str, seed: int
) -> None:
    table = options(
        "Pool2DOptions", **window["strides"], filterHeight=window["kernel"][0], filterWidth=window["kernel"][1],
        fusedActivationFunction=activation,
    )  # fmt: skip
    x, y = single((window["batch"], *window["image"], channels)), single((window["batch"], *window["out"], channels))
    check(wheel, f"{kind}_POOL_2D", [x], y, table, seed)


@given(st.sampled_from(["ADD", "SUB", "MUL"]), st.integers(0, 2), ACTIVATIONS, SEEDS)
@EXAMPLES
def test_sums_and_products_give_the_bytes_of_the_wheel(wheel: Wheel, name: str, alike: int, activation: int, seed: int) -> None:
    shape, other = [((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (3, 1)), ((4,), (2, 1, 4))][alike]
    table = options(f"{name.title()}Options", fusedActivationFunction=activation)
    y = single(tuple(np.broadcast_shapes(shape, other)))
    check(wheel, name, [single(shape), single(other)], y, table, seed)


@given(st.integers(1, 3), st.integers(1, 400), st.floats(0.125, 4, width=32), SEEDS)
@EXAMPLES
def test_softmax_gives_the_bytes_of_the_wheel(wheel: Wheel, rows: int, classes: int, beta: float, seed: int) -> None:
    check(wheel, "SOFTMAX", [single((rows, classes))], single((rows, classes)), options("SoftmaxOptions", beta=beta), seed)


@pytest.mark.parametrize("name", ["RELU", "RELU6", "LOGISTIC"])
def test_curves_give_the_bytes_of_the_wheel(wheel: Wheel, name: str) -> None:
    spread = np.random.default_rng(0).normal(0, 8, (1, 20000)).astype(np.float32)
    for values in (spread, SPECIAL):
        same(wheel, one_operator(name, [single(values.shape)], single(values.shape)), [[values]])


def test_softmax_of_infinities_and_nan_gives_the_bytes_of_the_wheel(wheel: Wheel) -> None:
    rows = np.array(
        [[np.inf, 1, 2], [-np.inf, 1, 2], [np.nan, 1, 2], [1, 2, np.nan], [1e38, -1e38, 0], [0, -104, -90]], np.float32
    )
    model = one_operator("SOFTMAX", [single(rows.shape)], single(rows.shape), options("SoftmaxOptions", beta=1.0))
    same(wheel, model, [[rows]])


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=4), st.lists(st.integers(-4, 3), min_size=1, max_size=4), st.booleans(),
    SEEDS,
)  # fmt: skip
@EXAMPLES
def test_means_give_the_bytes_of_the_wheel(wheel: Wheel, shape: list[int], wanted: list[int], keep: bool, seed: int) -> None:
    axes = sorted({axis for axis in wanted if -len(shape) <= axis < len(shape)}) or [0]
    gone = {axis % len(shape) for axis in axes}
    kept = [1 if axis in gone else size for axis, size in enumerate(shape) if keep or axis not in gone]
    table = options("ReducerOptions", keepDims=keep)
    check(wheel, "MEAN", [single(tuple(shape)), constant(axes)], single(tuple(kept)), table, seed)


@given(st.sampled_from([KINDS.INT8, KINDS.INT16]), SCALES, ZEROS, SEEDS)
@EXAMPLES
def test_quantisation_gives_the_bytes_of_the_wheel(wheel: Wheel, kind: int, scale: float, zero: int, seed: int) -> None:
    y = Tensor((1, 200), scale, zero if kind == KINDS.INT8 else 0, kind)
    model = one_operator("QUANTIZE", [single((1, 200))], y, options("QuantizeOptions"))
    random = np.random.default_rng(seed)
    halves = (random.integers(-300, 300, (1, 200)) * 0.5 * scale).astype(np.float32)
    same(wheel, model, [[halves], [random.normal(0, 40, (1, 200)).astype(np.float32)]])


def test_quantisation_saturates_where_the_conversion_to_int32_of_the_wheel_is_undefined() -> None:
    y = Tensor((1, 5), 0.1, -100)
    model = one_operator("QUANTIZE", [single((1, 5))], y, options("QuantizeOptions"))
    values = np.array([[np.inf, -np.inf, 1e30, -1e30, np.nan]], np.float32)
    assert np.frombuffer(nn.Model(model).predict([values.tobytes()])[0], np.int8).tolist() == [127, -128, 127, -128, -100]


def test_constants_may_lie_anywhere_in_the_file() -> None:
    model = one_operator("FULLY_CONNECTED", [single((1, 6)), single((5, 6), 0), single((5,), 1)], single((1, 5)),
                         options("FullyConnectedOptions"))  # fmt: skip
    values = np.ones((1, 6), np.float32).tobytes()
    moved = nn.Model(memoryview(b"\0" + model)[1:])
    assert moved.predict([values]) == nn.Model(model).predict([values])
