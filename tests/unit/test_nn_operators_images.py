# SPDX-License-Identifier: Apache-2.0
"""Resizing, reductions and convolutions beyond the plain ones, alone and random: the bytes of the tflite-micro wheel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motet_native import nn
from tests.support.nn_builder import KINDS, Tensor, Wheel, constant, one_operator, options
from tests.support.nn_single import ACTIVATIONS, EXAMPLES, SCALES, SEEDS, ZEROS, check, shapes, windows

SIDES = st.integers(1, 12)


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


@given(
    st.tuples(st.integers(1, 2), SIDES, SIDES, st.integers(1, 5)), SIDES, SIDES, st.booleans(), st.booleans(),
    st.sampled_from([KINDS.INT8, KINDS.INT8, KINDS.INT16]), SEEDS,
)  # fmt: skip
@EXAMPLES
def test_resizing_to_the_nearest_gives_the_bytes_of_the_wheel(
    wheel: Wheel, shape: tuple[int, ...], height: int, width: int, corners: bool, halves: bool, kind: int, seed: int
) -> None:
    table = options("ResizeNearestNeighborOptions", alignCorners=corners, halfPixelCenters=halves)
    x, y = (Tensor(own, 0.1, 0, kind) for own in (shape, (shape[0], height, width, shape[3])))
    check(wheel, "RESIZE_NEAREST_NEIGHBOR", [x, constant([height, width])], y, table, seed)


@given(
    st.tuples(st.integers(1, 2), SIDES, SIDES, st.integers(1, 5)), SIDES, SIDES,
    st.sampled_from([(False, False), (True, False), (False, True)]), SCALES, ZEROS, SEEDS,
)  # fmt: skip
@EXAMPLES
def test_resizing_between_neighbours_gives_the_bytes_of_the_wheel(
    wheel: Wheel, shape: tuple[int, ...], height: int, width: int, how: tuple[bool, bool], scale: float, zero: int, seed: int
) -> None:
    table = options("ResizeBilinearOptions", alignCorners=how[0], halfPixelCenters=how[1])
    x, y = (Tensor(own, scale, zero) for own in (shape, (shape[0], height, width, shape[3])))
    check(wheel, "RESIZE_BILINEAR", [x, constant([height, width])], y, table, seed)


def test_a_long_side_of_one_pixel_repeats_it() -> None:
    """The scale rounds up so much that the wheel reads beyond its input."""
    table = options("ResizeBilinearOptions")
    model = one_operator("RESIZE_BILINEAR", [Tensor((1, 1, 1, 1), 0.1), constant([1, 650])], Tensor((1, 1, 650, 1), 0.1), table)
    assert nn.Model(model).predict([b"\x55"]) == [b"\x55" * 650]


@given(shapes(1, 4, 6), st.lists(st.integers(-4, 3), min_size=1, max_size=4), st.booleans(), SCALES, ZEROS, SEEDS)
@EXAMPLES
def test_largest_values_give_the_bytes_of_the_wheel(
    wheel: Wheel, shape: tuple[int, ...], wanted: list[int], keep: bool, scale: float, zero: int, seed: int
) -> None:
    axes = sorted({axis for axis in wanted if -len(shape) <= axis < len(shape)}) or [0]
    gone = {axis % len(shape) for axis in axes}
    kept = tuple(1 if axis in gone else size for axis, size in enumerate(shape) if keep or axis not in gone)
    table = options("ReducerOptions", keepDims=keep)
    check(wheel, "REDUCE_MAX", [Tensor(shape, scale, zero), constant(axes)], Tensor(kept, scale, zero), table, seed)


@given(shapes(1, 4, 6), st.integers(-4, 3), SEEDS)
@EXAMPLES
def test_positions_of_the_largest_give_the_bytes_of_the_wheel(wheel: Wheel, shape: tuple[int, ...], axis: int, seed: int) -> None:
    axis %= len(shape)
    y = Tensor((*shape[:axis], *shape[axis + 1 :]), kind=KINDS.INT32)
    own = constant(axis if seed % 2 else axis - len(shape))
    check(wheel, "ARG_MAX", [Tensor(shape, 0.1), own], y, options("ArgMaxOptions", outputType=KINDS.INT32), seed)


def test_of_equal_values_the_first_is_the_largest(wheel: Wheel) -> None:
    table = options("ArgMaxOptions", outputType=KINDS.INT32)
    model = one_operator("ARG_MAX", [Tensor((1, 5), 0.1), constant(1)], Tensor((1,), kind=KINDS.INT32), table)
    values = np.array([[3, 9, -2, 9, 9]], np.int8)
    assert [nn.Model(model).predict([values])] == wheel.run(model, [[values]]) == [[np.int32(1).tobytes()]]


def layer(seed: int, shape: tuple[int, ...], input_scale: float, by_channel: bool, bias: bool) -> list[Tensor]:
    """Weights with their channels in front, and a bias of the size of the sums."""
    random = np.random.default_rng(seed)
    scales = random.uniform(0.001, 0.02, shape[0] if by_channel else 1).astype(np.float32)
    own = Tensor(shape, scales.tolist(), 0, value=random.integers(-127, 128, shape, np.int8))
    if not bias:
        return [own]
    values = random.integers(-8000, 8000, shape[0], np.int32)
    return [own, Tensor((shape[0],), (scales * np.float32(input_scale)).tolist(), 0, KINDS.INT32, values)]


@given(
    windows(True), st.integers(2, 3), st.integers(1, 4), st.integers(1, 3), SCALES, ZEROS, SCALES, ZEROS, ACTIVATIONS,
    st.booleans(), SEEDS,
)  # fmt: skip
@EXAMPLES
def test_convolutions_in_groups_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], groups: int, depth: int, sharing: int, scale: float, zero: int, out_scale: float,
    out_zero: int, activation: int, bias: bool, seed: int,
) -> None:  # fmt: skip
    x = Tensor((window["batch"], *window["image"], groups * depth), scale, zero)
    y = Tensor((window["batch"], *window["out"], groups * sharing), out_scale * 4, out_zero)
    table = options("Conv2DOptions", **window["strides"], **window["dilations"], fusedActivationFunction=activation)
    own = layer(seed, (groups * sharing, *window["kernel"], depth), scale, True, bias)
    check(wheel, "CONV_2D", [x, *own], y, table, seed)


@given(
    windows(False),
    st.integers(1, 4),
    st.integers(1, 5),
    SCALES,
    ZEROS,
    SCALES,
    ZEROS,
    ACTIVATIONS,
    st.booleans(),
    st.booleans(),
    SEEDS,
)
@EXAMPLES
def test_transposed_convolutions_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], depth: int, rows: int, scale: float, zero: int, out_scale: float, out_zero: int,
    activation: int, by_channel: bool, bias: bool, seed: int,
) -> None:  # fmt: skip
    x = Tensor((window["batch"], *window["out"], depth), scale, zero)
    shape = (window["batch"], *window["image"], rows)
    table = options("TransposeConvOptions", **window["strides"], fusedActivationFunction=activation)
    own = layer(seed, (rows, *window["kernel"], depth), scale, by_channel, bias)
    inputs = [constant(shape), own[0], x, *own[1:]]
    check(wheel, "TRANSPOSE_CONV", inputs, Tensor(shape, out_scale * 4, out_zero), table, seed)
