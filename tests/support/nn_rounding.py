# SPDX-License-Identifier: Apache-2.0
"""Operators that scale sums of integers, written down once more with Python's integers, for either way of rounding.

The reference interpreter's wheel rounds twice and cannot be asked for anything else. A case is a model, its inputs and what it
gives; the latter takes a function that scales an integer by a real factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.support.nn_builder import KINDS, Tensor, constant, one_operator, options
from tests.support.nn_packed import factor

Array = NDArray[Any]
Scale = Callable[[int, float], int]
#: multiplier, shift: for a factor that was changed after it was written as those.
ScaleBy = Callable[[int, int, int], int]


def rescale(mode: str, value: int, multiplier: int, shift: int) -> int:
    """MultiplyByQuantizedMultiplier without overflow."""
    if mode == "single":
        return (value * multiplier + (1 << (30 - shift))) >> (31 - shift)
    high = ((value << max(shift, 0)) * multiplier + (1 << 30)) >> 31
    right = max(-shift, 0)
    half = (1 << right) >> 1
    return (high + half - (1 if high < 0 and right else 0)) >> right


def scale_of(mode: str) -> Scale:
    return lambda value, ratio: rescale(mode, int(value), *factor(ratio))


@dataclass(frozen=True)
class Case:
    model: bytes
    inputs: list[Array]
    wanted: Callable[[str], bytes]


def single(value: float) -> float:
    return float(np.float32(value))


def packed(values: Iterable[int], dtype: type = np.int8) -> bytes:
    limits = np.iinfo(dtype)
    return np.clip(list(values), limits.min, limits.max).astype(dtype).tobytes()


def some(chance: np.random.Generator, shape: tuple[int, ...], dtype: type = np.int8) -> Array:
    limits = np.iinfo(dtype)
    return chance.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def scales(chance: np.random.Generator, count: int) -> list[float]:
    return [single(value) for value in chance.uniform(1e-3, 0.02, count)]


def by_channel(sums: Array, own: list[float], dtype: type = np.int8, zero: int = -7) -> Callable[[str], bytes]:
    """Sums whose last axis is the channel, of an input of 0.5 into an output of 0.75."""
    flat = sums.reshape(-1, sums.shape[-1])
    ratios = [0.5 * scale / 0.75 for scale in own]

    def wanted(mode: str) -> bytes:
        by = scale_of(mode)
        return packed((by(value, ratio) + zero for row in flat for value, ratio in zip(row, ratios, strict=True)), dtype)

    return wanted


CONV = partial(options, strideH=1, strideW=1, padding=1, dilationHFactor=1, dilationWFactor=1)


def convolution(chance: np.random.Generator, groups: int = 1) -> Case:
    image, weights, own = some(chance, (1, 4, 5, 4)), some(chance, (6, 2, 2, 4 // groups)), scales(chance, 6)
    sums = np.zeros((3, 4, 6), int)
    for (y, x), channel in ((at, channel) for at in np.ndindex(3, 4) for channel in range(6)):
        first = channel // (6 // groups) * (4 // groups)
        under = image[0, y : y + 2, x : x + 2, first : first + 4 // groups].astype(int) - 5
        sums[y, x, channel] = (under * weights[channel]).sum()
    kernel = Tensor(weights.shape, own, value=weights)
    model = one_operator("CONV_2D", [Tensor(image.shape, 0.5, 5), kernel], Tensor((1, 3, 4, 6), 0.75, -7), CONV("Conv2DOptions"))
    return Case(model, [image], by_channel(sums, own))


def depthwise(chance: np.random.Generator, multiplier: int = 1) -> Case:
    channels, rows = 8 // multiplier, 8
    image, weights, own = some(chance, (1, 4, 5, channels)), some(chance, (1, 2, 2, rows)), scales(chance, rows)
    sums = np.zeros((3, 4, rows), int)
    for y, x in np.ndindex(3, 4):
        under = np.repeat(image[0, y : y + 2, x : x + 2].astype(int) - 5, multiplier, axis=2)
        sums[y, x] = (under * weights[0]).sum(axis=(0, 1))
    table = CONV("DepthwiseConv2DOptions", depthMultiplier=multiplier)
    kernel = Tensor(weights.shape, own, value=weights, axis=3)
    tensors = [Tensor(image.shape, 0.5, 5), kernel]
    return Case(
        one_operator("DEPTHWISE_CONV_2D", tensors, Tensor((1, 3, 4, rows), 0.75, -7), table), [image], by_channel(sums, own)
    )


def transposed(chance: np.random.Generator) -> Case:
    image, weights, own = some(chance, (1, 2, 3, 4)), some(chance, (3, 2, 2, 4)), scales(chance, 3)
    sums = np.zeros((4, 6, 3), int)
    for y, x in np.ndindex(2, 3):
        sums[2 * y : 2 * y + 2, 2 * x : 2 * x + 2] += np.einsum(
            "c,oijc->ijo", image[0, y, x].astype(int) - 5, weights.astype(int)
        )
    tensors = [constant([1, 4, 6, 3]), Tensor(weights.shape, own, value=weights), Tensor(image.shape, 0.5, 5)]
    table = options("TransposeConvOptions", strideH=2, strideW=2, padding=1)
    return Case(one_operator("TRANSPOSE_CONV", tensors, Tensor((1, 4, 6, 3), 0.75, -7), table), [image], by_channel(sums, own))


def fully_connected(chance: np.random.Generator, wide: bool = False) -> Case:
    """With int16 activations: an int32 bias, for one of int64 is scaled by another function, with one rounding in both modes."""
    kind, dtype, zero = (KINDS.INT16, np.int16, 0) if wide else (KINDS.INT8, np.int8, 5)
    weights, own, bias = some(chance, (16, 9)), scales(chance, 16), chance.integers(-500, 500, 16)
    if wide:
        own = [own[0]] * 16
    data = some(chance, (1, 9), dtype) // (64 if wide else 1)
    sums = (weights.astype(int) @ (data[0].astype(int) - zero) + bias)[None]
    weight = Tensor((16, 9), own[0] if wide else own, value=weights)
    output = Tensor((1, 16), 0.75, 0 if wide else -7, kind)
    tensors = [Tensor((1, 9), 0.5, zero, kind), weight, constant(bias)]
    model = one_operator("FULLY_CONNECTED", tensors, output, options("FullyConnectedOptions"))
    return Case(model, [data], by_channel(sums, own, dtype, 0 if wide else -7))


def sum_of_two(chance: np.random.Generator, name: str = "ADD", wide: bool = False) -> Case:
    kind, dtype, left_shift = (KINDS.INT16, np.int16, 15) if wide else (KINDS.INT8, np.int8, 20)
    one, other, out = (single(value) for value in chance.uniform(0.05, 0.2, 3))
    if chance.random() < 0.5:  # results just below halves, where rounding twice goes up
        other, out = one, float(np.nextafter(np.float32(2 * one), np.float32(1)))
    zeros = (0, 0, 0) if wide else (3, -4, 6)
    a, b = some(chance, (1, 500), dtype), some(chance, (1, 500), dtype)
    shape, sign = (1, 500), 1 if name == "ADD" else -1
    tensors = [Tensor(shape, one, zeros[0], kind), Tensor(shape, other, zeros[1], kind)]
    table = options(f"{name.capitalize()}Options", potScaleInt16=False)
    twice = 2 * max(one, other)

    def wanted(mode: str) -> bytes:
        by, found = scale_of(mode), []
        for x, y in zip(a[0].astype(int), b[0].astype(int), strict=True):
            left, right = by((x - zeros[0]) << left_shift, one / twice), by((y - zeros[1]) << left_shift, other / twice)
            found.append(by(left + sign * right, twice / (2**left_shift * out)) + zeros[2])
        return packed(found, dtype)

    return Case(one_operator(name, tensors, Tensor(shape, out, zeros[2], kind), table), [a, b], wanted)


def product(chance: np.random.Generator, wide: bool = False, prelu: bool = False) -> Case:
    kind, dtype = (KINDS.INT16, np.int16) if wide else (KINDS.INT8, np.int8)
    one, other = (single(value) for value in chance.uniform(0.05, 0.2, 2))
    out = single(one * 1.3 if prelu else 0.5 * (100 if wide else 1))
    zeros = (0, 0, 0) if wide else (3, -4, 6)
    a, b = some(chance, (1, 500), dtype), some(chance, (1, 500), dtype)
    tensors = [Tensor((1, 500), one, zeros[0], kind), Tensor((1, 500), other, zeros[1], kind)]

    def wanted(mode: str) -> bytes:
        by, found = scale_of(mode), []
        for x, y in zip(a[0].astype(int) - zeros[0], b[0].astype(int) - zeros[1], strict=True):
            kept = prelu and x >= 0
            found.append((by(x, one / out) if kept else by(x * y, one * other / out)) + zeros[2])
        return packed(found, dtype)

    name = "PRELU" if prelu else "MUL"
    table = None if prelu else options("MulOptions")
    return Case(one_operator(name, tensors, Tensor((1, 500), out, zeros[2], kind), table), [a, b], wanted)


def rectified(chance: np.random.Generator, name: str = "RELU") -> Case:
    """The factors of RELU and LEAKY_RELU are divided in float32."""
    scale, out, alpha = single(chance.uniform(0.05, 0.2)), single(chance.uniform(0.05, 0.2)), single(0.3)
    data, leaky = some(chance, (1, 400)), name == "LEAKY_RELU"
    plain, below = single(np.float32(scale) / np.float32(out)), single(np.float32(scale) * np.float32(alpha) / np.float32(out))

    def wanted(mode: str) -> bytes:
        by = scale_of(mode)
        values = [by(x, below if leaky and x < 0 else plain) + 9 for x in data[0].astype(int) - 4]
        return packed(values if leaky else (max(value, 9) for value in values))

    table = options("LeakyReluOptions", alpha=alpha) if leaky else None
    return Case(one_operator(name, [Tensor((1, 400), scale, 4)], Tensor((1, 400), out, 9), table), [data], wanted)


def quantized(chance: np.random.Generator, wide: tuple[bool, bool] = (False, False)) -> Case:
    kinds = [KINDS.INT16 if one else KINDS.INT8 for one in wide]
    types = [np.int16 if one else np.int8 for one in wide]
    scale = single(chance.uniform(0.05, 0.2))
    out = single(scale * chance.uniform(0.2, 0.9) * (1 if wide[0] == wide[1] else 256.0 if wide[0] else 1 / 256))
    if chance.random() < 0.5:  # as in sum_of_two
        scale = float(np.nextafter(np.float32(out / 2), np.float32(0)))
    zero, out_zero = (0 if wide[0] else 4), (0 if wide[1] else -5)
    data = some(chance, (1, 500), types[0])
    tensors = Tensor((1, 500), scale, zero, kinds[0]), Tensor((1, 500), out, out_zero, kinds[1])

    def wanted(mode: str) -> bytes:
        by = scale_of(mode)
        return packed((by(x, scale / out) + out_zero for x in data[0].astype(int) - zero), types[1])

    return Case(one_operator("QUANTIZE", [tensors[0]], tensors[1], options("QuantizeOptions")), [data], wanted)


def mean(chance: np.random.Generator) -> Case:
    """The factor is divided by the count after it was written as multiplier and shift."""
    scale, out, count = single(chance.uniform(0.05, 0.2)), single(chance.uniform(0.02, 0.1)), 15
    data = some(chance, (1, 3, 5, 40))
    sums = data.astype(int).sum(axis=(1, 2))[0] - 4 * count
    multiplier, exponent = factor(scale / out)
    left = min(int(math.log2(count)), 32, 31 + exponent)

    def wanted(mode: str) -> bytes:
        return packed(rescale(mode, int(value), (multiplier << left) // count, exponent - left) + 9 for value in sums)

    inputs = [Tensor(data.shape, scale, 4), constant([1, 2])]
    return Case(one_operator("MEAN", inputs, Tensor((1, 40), out, 9), options("ReducerOptions")), [data], wanted)


CASES: dict[str, Callable[[np.random.Generator], Case]] = {
    "CONV_2D": convolution,
    "CONV_2D in groups": partial(convolution, groups=2),
    "DEPTHWISE_CONV_2D": depthwise,
    "DEPTHWISE_CONV_2D of one channel": partial(depthwise, multiplier=8),
    "TRANSPOSE_CONV": transposed,
    "FULLY_CONNECTED": fully_connected,
    "FULLY_CONNECTED int16": partial(fully_connected, wide=True),
    "ADD": sum_of_two,
    "SUB": partial(sum_of_two, name="SUB"),
    "ADD int16": partial(sum_of_two, wide=True),
    "SUB int16": partial(sum_of_two, name="SUB", wide=True),
    "MUL": product,
    "MUL int16": partial(product, wide=True),
    "PRELU": partial(product, prelu=True),
    "RELU": rectified,
    "LEAKY_RELU": partial(rectified, name="LEAKY_RELU"),
    "QUANTIZE": quantized,
    "QUANTIZE to int16": partial(quantized, wide=(False, True)),
    "QUANTIZE to int8": partial(quantized, wide=(True, False)),
    "MEAN": mean,
}
