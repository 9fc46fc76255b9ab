# SPDX-License-Identifier: Apache-2.0
"""Operators of int16 activations: the bytes of the tflite-micro wheel."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motet_native import nn
from tests.support.nn_builder import KINDS, Tensor, Wheel, one_operator, options
from tests.support.nn_single import ACTIVATIONS, EXAMPLES, SEEDS, check, same, windows
from tests.support.nn_wide import SHARE, bias, weights, wide

ROOT = Path(__file__).resolve().parents[2]
ALL = np.arange(-32768, 32768, dtype=np.int16).reshape(1, -1)
SCALES = st.floats(2**-14, 2**-6, width=32)
#: Of sums: from values that fit int16 easily to such that saturate.
OUT_SCALES = st.floats(2**-10, 2**-2, width=32)
BIASES = st.sampled_from([None, KINDS.INT64])
ALSO_NARROW = st.sampled_from([None, KINDS.INT64, KINDS.INT32])


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


def with_bias(own: Tensor, rows: int, kind: int | None, seed: int) -> list[Tensor]:
    return [own] if kind is None else [own, bias(rows, kind, seed)]


@given(windows(True), st.integers(1, 9), st.integers(1, 9), SCALES, OUT_SCALES, ACTIVATIONS, ALSO_NARROW, SEEDS)
@EXAMPLES
def test_convolutions_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], channels: int, rows: int, scale: float, out_scale: float, activation: int,
    kind: int | None, seed: int,
) -> None:  # fmt: skip
    table = options("Conv2DOptions", **window["strides"], **window["dilations"], fusedActivationFunction=activation)
    own = with_bias(weights((rows, *window["kernel"], channels), 0, seed), rows, kind, seed)
    x, y = wide((window["batch"], *window["image"], channels), scale), wide((window["batch"], *window["out"], rows), out_scale)
    check(wheel, "CONV_2D", [x, *own], y, table, seed)


@given(windows(True), st.integers(2, 3), st.integers(1, 4), st.integers(1, 3), SCALES, OUT_SCALES, SEEDS)
@EXAMPLES
def test_convolutions_by_groups_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], groups: int, channels: int, rows: int, scale: float, out_scale: float, seed: int
) -> None:
    table = options("Conv2DOptions", **window["strides"], **window["dilations"])
    own = with_bias(weights((groups * rows, *window["kernel"], channels), 0, seed), groups * rows, KINDS.INT64, seed)
    x = wide((window["batch"], *window["image"], groups * channels), scale)
    check(wheel, "CONV_2D", [x, *own], wide((window["batch"], *window["out"], groups * rows), out_scale), table, seed)


@given(windows(True), st.integers(1, 9), st.integers(1, 3), SCALES, OUT_SCALES, ACTIVATIONS, BIASES, SEEDS)
@EXAMPLES
def test_depthwise_convolutions_give_the_bytes_of_the_wheel(
    wheel: Wheel, window: dict[str, Any], channels: int, multiplier: int, scale: float, out_scale: float, activation: int,
    kind: int | None, seed: int,
) -> None:  # fmt: skip
    rows = channels * multiplier
    table = options(
        "DepthwiseConv2DOptions", **window["strides"], **window["dilations"], depthMultiplier=multiplier,
        fusedActivationFunction=activation,
    )  # fmt: skip
    own = with_bias(weights((1, *window["kernel"], rows), 3, seed), rows, kind, seed)
    x, y = wide((window["batch"], *window["image"], channels), scale), wide((window["batch"], *window["out"], rows), out_scale)
    check(wheel, "DEPTHWISE_CONV_2D", [x, *own], y, table, seed)


@pytest.mark.parametrize(("height", "width"), [(1, 2), (3, 1), (3, 3)])
def test_depthwise_convolutions_of_one_channel_give_the_bytes_of_the_wheel(wheel: Wheel, height: int, width: int) -> None:
    table = options("DepthwiseConv2DOptions", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1, depthMultiplier=1)
    x, own = wide((1, 5, 6, 1)), weights((1, height, width, 1), 3, 0)
    check(wheel, "DEPTHWISE_CONV_2D", [x, own], wide((1, 5, 6, 1), 0.01), table, 0)


@given(
    st.integers(1, 4), st.integers(1, 600), st.integers(1, 9), SCALES, OUT_SCALES, ACTIVATIONS, st.booleans(), ALSO_NARROW, SEEDS
)
@EXAMPLES
def test_fully_connected_layers_give_the_bytes_of_the_wheel(
    wheel: Wheel, batches: int, depth: int, rows: int, scale: float, out_scale: float, activation: int, by_channel: bool,
    kind: int | None, seed: int,
) -> None:  # fmt: skip
    own = with_bias(weights((rows, depth), 0 if by_channel else None, seed), rows, kind, seed)
    table = options("FullyConnectedOptions", fusedActivationFunction=activation)
    check(wheel, "FULLY_CONNECTED", [wide((batches, depth), scale), *own], wide((batches, rows), out_scale), table, seed)


def test_sums_beyond_32_bits_give_the_bytes_of_the_wheel(wheel: Wheel) -> None:
    """16,384 products of the largest numbers: 2^36."""
    matrix = Tensor((2, 16384), 0.01, value=np.full((2, 16384), -127, np.int8))
    offset = Tensor((2,), 1e-5, 0, KINDS.INT64, np.array([2**45, -(2**45)], np.int64))
    for own in ([matrix], [matrix, offset]):
        model = one_operator("FULLY_CONNECTED", [wide((1, 16384)), *own], wide((1, 2), 30.0), options("FullyConnectedOptions"))
        same(wheel, model, [[np.full((1, 16384), value, np.int16)] for value in (-32768, 32767, 1)])


@given(st.sampled_from(["ADD", "SUB", "MUL"]), st.integers(0, 2), SCALES, SCALES, SCALES, ACTIVATIONS, SEEDS)
@EXAMPLES
def test_sums_and_products_give_the_bytes_of_the_wheel(
    wheel: Wheel, name: str, alike: int, scale: float, other_scale: float, out_scale: float, activation: int, seed: int
) -> None:
    shape, other = [((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (3, 1)), ((4,), (2, 1, 4))][alike]
    table = options(f"{name.title()}Options", fusedActivationFunction=activation)
    y = wide(tuple(np.broadcast_shapes(shape, other)), out_scale)
    check(wheel, name, [wide(shape, scale), wide(other, other_scale)], y, table, seed)


def test_a_constant_summand_may_lie_anywhere_in_the_file() -> None:
    value = np.arange(6, dtype=np.int16)
    summand = Tensor((6,), 0.001, 0, KINDS.INT16, value)
    model = one_operator("ADD", [wide((1, 6)), summand], wide((1, 6)), options("AddOptions"))
    moved = nn.Model(memoryview(b"\0" + model)[1:])
    assert moved.predict([bytes(12)]) == nn.Model(model).predict([bytes(12)])


#: Powers of two that the operators treat apart, their neighbourhood, and the ends of the range.
CURVE_SCALES = [2**-12, 2**-11, 2**-12 * 1.0005, 2**-11 * 0.9995, 2**-12 * 1.001, 0.001, 3e-5, 0.0123, 0.5, 2.6, 1e-8]


@pytest.mark.parametrize("scale", CURVE_SCALES)
@pytest.mark.parametrize("name", ["LOGISTIC", "TANH"])
def test_curves_give_the_bytes_of_the_wheel_for_all_inputs(wheel: Wheel, name: str, scale: float) -> None:
    same(wheel, one_operator(name, [wide(ALL.shape, scale)], wide(ALL.shape, SHARE)), [[ALL]])


@given(st.integers(1, 3), st.integers(1, 1100), st.floats(2**-20, 0.25, width=32), st.floats(0.125, 4, width=32), SEEDS)
@EXAMPLES
def test_softmax_gives_the_bytes_of_the_wheel(
    wheel: Wheel, rows: int, classes: int, scale: float, beta: float, seed: int
) -> None:
    table = options("SoftmaxOptions", beta=beta)
    check(wheel, "SOFTMAX", [wide((rows, classes), scale)], wide((rows, classes), SHARE), table, seed)


def test_softmax_gives_the_bytes_of_the_wheel_for_all_differences_and_many_sums(wheel: Wheel) -> None:
    table = options("SoftmaxOptions", beta=1.0)
    pairs = np.stack([ALL[0], np.full(65536, 32767, np.int16)], axis=1)
    model = one_operator("SOFTMAX", [wide(pairs.shape, 10 / 65535)], wide(pairs.shape, SHARE), table)
    same(wheel, model, [[pairs]])
    random = np.random.default_rng(0)
    rows = np.clip(random.normal(0, 1, (800, 9)) * random.uniform(0, 20000, (800, 1)), -32768, 32767).astype(np.int16)
    same(wheel, one_operator("SOFTMAX", [wide(rows.shape)], wide(rows.shape, SHARE), table), [[rows]])


def test_the_tables_are_those_of_their_generator() -> None:
    tool = ROOT / "tools/make_nn_tables.py"
    assert subprocess.run([sys.executable, str(tool), "--check"]).returncode == 0, f"run {tool.name}"
