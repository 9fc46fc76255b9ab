# SPDX-License-Identifier: Apache-2.0
"""Each operator alone, with random shapes, options and scales: the bytes of the tflite-micro wheel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motet_native import nn
from tests.support.nn_builder import KINDS, Tensor, Wheel, constant, one_operator, options
from tests.support.nn_single import ACTIVATIONS, EXAMPLES, SCALES, SEEDS, ZEROS, check, windows


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


def weights(seed: int, shape: tuple[int, ...], axis: int, by_channel: bool, bias: bool, input_scale: float) -> list[Tensor]:
    """Weights and bias; the bias is of the size of the sums."""
    random = np.random.default_rng(seed)
    channels = shape[axis]
    scales = random.uniform(0.001, 0.02, channels if by_channel else 1).astype(np.float32)
    own = Tensor(shape, scales.tolist(), 0, value=random.integers(-127, 128, shape, np.int8), axis=axis if by_channel else 0)
    if not bias:
        return [own]
    values = random.integers(-8000, 8000, channels, np.int32)
    return [own, Tensor((channels,), (scales * np.float32(input_scale)).tolist(), 0, KINDS.INT32, values)]


@given(windows(True), st.integers(1, 9), st.integers(1, 9), SCALES, ZEROS, SCALES, ZEROS, ACTIVATIONS, st.booleans(), SEEDS)
@EXAMPLES
def test_convolutions_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], channels: int, rows: int, scale: float, zero: int, out_scale: float,
    out_zero: int, activation: int, bias: bool, seed: int,
) -> None:  # fmt: skip
    x = Tensor((window["batch"], *window["image"], channels), scale, zero)
    y = Tensor((window["batch"], *window["out"], rows), out_scale * 4, out_zero)
    table = options("Conv2DOptions", **window["strides"], **window["dilations"], fusedActivationFunction=activation)
    own = weights(seed, (rows, *window["kernel"], channels), 0, True, bias, scale)
    check(wheel, "CONV_2D", [x, *own], y, table, seed)


@given(
    windows(True), st.integers(1, 9), st.sampled_from([1, 1, 2, 3, 4, 8]), SCALES, ZEROS, SCALES, ZEROS, ACTIVATIONS,
    st.booleans(), SEEDS,
)  # fmt: skip
@EXAMPLES
def test_depthwise_convolutions_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], channels: int, multiplier: int, scale: float, zero: int, out_scale: float,
    out_zero: int, activation: int, bias: bool, seed: int,
) -> None:  # fmt: skip
    rows = channels * multiplier
    x = Tensor((window["batch"], *window["image"], channels), scale, zero)
    y = Tensor((window["batch"], *window["out"], rows), out_scale * 4, out_zero)
    table = options(
        "DepthwiseConv2DOptions", **window["strides"], **window["dilations"], depthMultiplier=multiplier,
        fusedActivationFunction=activation,
    )  # fmt: skip
    own = weights(seed, (1, *window["kernel"], rows), 3, True, bias, scale)
    check(wheel, "DEPTHWISE_CONV_2D", [x, *own], y, table, seed)


@given(
    st.integers(1, 4), st.integers(1, 70), st.integers(1, 9), SCALES, ZEROS, SCALES, ZEROS, ACTIVATIONS, st.booleans(),
    st.booleans(), SEEDS,
)  # fmt: skip
@EXAMPLES
def test_fully_connected_layers_give_the_bytes_of_the_wheel(
    wheel: Wheel, batches: int, depth: int, rows: int, scale: float, zero: int, out_scale: float, out_zero: int,
    activation: int, by_channel: bool, bias: bool, seed: int,
) -> None:  # fmt: skip
    own = weights(seed, (rows, depth), 0, by_channel, bias, scale)
    table = options("FullyConnectedOptions", fusedActivationFunction=activation)
    y = Tensor((batches, rows), out_scale * 4, out_zero)
    check(wheel, "FULLY_CONNECTED", [Tensor((batches, depth), scale, zero), *own], y, table, seed)


@given(windows(False), st.integers(1, 9), SCALES, ZEROS, ACTIVATIONS, st.sampled_from(["AVERAGE", "MAX"]), SEEDS)
@EXAMPLES
def test_pools_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], channels: int, scale: float, zero: int, activation: int, kind: str, seed: int
) -> None:
    x = Tensor((window["batch"], *window["image"], channels), scale, zero)
    y = Tensor((window["batch"], *window["out"], channels), scale, zero)
    table = options(
        "Pool2DOptions", **window["strides"], filterHeight=window["kernel"][0], filterWidth=window["kernel"][1],
        fusedActivationFunction=activation,
    )  # fmt: skip
    check(wheel, f"{kind}_POOL_2D", [x], y, table, seed)


@given(st.integers(1, 3), st.integers(1, 300), SCALES, ZEROS, st.floats(0.125, 4, width=32), st.booleans(), SEEDS)
@EXAMPLES
def test_softmax_gives_the_bytes_of_the_wheel(
    wheel: Wheel, rows: int, classes: int, scale: float, zero: int, beta: float, wide: bool, seed: int
) -> None:
    y = Tensor((rows, classes), 1 / 65536, -32768, KINDS.INT16) if wide else Tensor((rows, classes), 1 / 256, -128)
    check(wheel, "SOFTMAX", [Tensor((rows, classes), scale, zero)], y, options("SoftmaxOptions", beta=beta), seed)


def test_many_equal_classes_have_shares_that_round_to_nothing() -> None:
    """The wheel ends its process here."""
    shape = (1, 1001)
    model = one_operator("SOFTMAX", [Tensor(shape, 0.1)], Tensor(shape, 1 / 256, -128), options("SoftmaxOptions", beta=1.0))
    assert nn.Model(model).predict([bytes(1001)]) == [b"\x80" * 1001]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), SCALES, ZEROS, SCALES, ZEROS, SCALES, ZEROS, ACTIVATIONS, SEEDS)
@EXAMPLES
def test_additions_give_the_bytes_of_the_wheel(
    wheel: Wheel, shape: list[int], scale: float, zero: int, other_scale: float, other_zero: int, out_scale: float,
    out_zero: int, activation: int, seed: int,
) -> None:  # fmt: skip
    x, other = Tensor(tuple(shape), scale, zero), Tensor(tuple(shape), other_scale, other_zero)
    table = options("AddOptions", fusedActivationFunction=activation)
    check(wheel, "ADD", [x, other], Tensor(tuple(shape), out_scale, out_zero), table, seed)


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=4), st.lists(st.integers(-4, 3), min_size=1, max_size=4),
    st.booleans(), SCALES, ZEROS, SCALES, ZEROS, SEEDS,
)  # fmt: skip
@EXAMPLES
def test_means_give_the_bytes_of_the_wheel(
    wheel: Wheel, shape: list[int], wanted: list[int], keep: bool, scale: float, zero: int, out_scale: float,
    out_zero: int, seed: int,
) -> None:  # fmt: skip
    axes = sorted({axis for axis in wanted if -len(shape) <= axis < len(shape)}) or [0]
    gone = {axis % len(shape) for axis in axes}
    kept = [1 if axis in gone else size for axis, size in enumerate(shape) if keep or axis not in gone]
    table = options("ReducerOptions", keepDims=keep)
    y = Tensor(tuple(kept), out_scale, out_zero)
    check(wheel, "MEAN", [Tensor(tuple(shape), scale, zero), constant(axes)], y, table, seed)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4), SCALES, ZEROS, SEEDS)
@EXAMPLES
def test_paddings_give_the_bytes_of_the_wheel(
    wheel: Wheel, axes: list[tuple[int, int, int]], scale: float, zero: int, seed: int
) -> None:
    x = Tensor(tuple(size for size, _, _ in axes), scale, zero)
    y = Tensor(tuple(map(sum, axes)), scale, zero)
    check(wheel, "PAD", [x, constant([[before, after] for _, before, after in axes])], y, options("PadOptions"), seed)


@given(st.permutations(range(4)), st.integers(1, 4), st.tuples(*[st.integers(1, 5)] * 4), SCALES, ZEROS, SEEDS)
@EXAMPLES
def test_transpositions_give_the_bytes_of_the_wheel(
    wheel: Wheel, order: list[int], rank: int, sizes: tuple[int, ...], scale: float, zero: int, seed: int
) -> None:
    own = [axis for axis in order if axis < rank]
    shape = sizes[:rank]
    y = Tensor(tuple(shape[axis] for axis in own), scale, zero)
    check(wheel, "TRANSPOSE", [Tensor(shape, scale, zero), constant(own)], y, options("TransposeOptions"), seed)


@given(st.integers(1, 6), st.integers(1, 6), SCALES, ZEROS, SEEDS)
@EXAMPLES
def test_reshapes_give_the_bytes_of_the_wheel(wheel: Wheel, height: int, width: int, scale: float, zero: int, seed: int) -> None:
    y = Tensor((width, height, 1), scale, zero)
    table = options("ReshapeOptions", newShape=[width, height, 1])
    check(wheel, "RESHAPE", [Tensor((1, height, width), scale, zero), constant([width, height, 1])], y, table, seed)


QUANTISATIONS = [
    (KINDS.INT8, KINDS.INT8), (KINDS.INT8, KINDS.INT16), (KINDS.INT8, KINDS.INT32), (KINDS.INT8, KINDS.UINT8),
    (KINDS.UINT8, KINDS.INT8), (KINDS.INT16, KINDS.INT8), (KINDS.INT16, KINDS.INT16), (KINDS.INT16, KINDS.INT32),
    (KINDS.INT32, KINDS.INT8), (KINDS.INT32, KINDS.INT16),
]  # fmt: skip


def zero_point(kind: int, zero: int) -> int:
    return {KINDS.INT8: zero, KINDS.UINT8: zero + 128}.get(kind, 0)


@given(st.sampled_from(QUANTISATIONS), SCALES, ZEROS, SCALES, ZEROS, SEEDS)
@EXAMPLES
def test_requantisations_give_the_bytes_of_the_wheel(
    wheel: Wheel, kinds: tuple[int, int], scale: float, zero: int, out_scale: float, out_zero: int, seed: int
) -> None:
    x = Tensor((1, 40), scale, zero_point(kinds[0], zero), kinds[0])
    y = Tensor((1, 40), out_scale, zero_point(kinds[1], out_zero), kinds[1])
    check(wheel, "QUANTIZE", [x], y, options("QuantizeOptions"), seed)
