# SPDX-License-Identifier: Apache-2.0
"""int16 CONV_2D with a bias of 32 bits and int16 SOFTMAX in either way of rounding, as nn_rounding has the operators of int8."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from tests.support.nn_builder import KINDS, Tensor, constant, one_operator, options
from tests.support.nn_rounding import CONV, Array, Case, by_channel, scale_of, scales, single, some

STEPS = 512
BITS = np.float32(1 << 16)


def convolution(chance: np.random.Generator) -> Case:
    """CONV_2D of 2 x 2 pixels with as many channels in as out; sums of 32 bits, so that they are scaled like those of int8."""
    image, weights, own = some(chance, (1, 4, 5, 4), np.int16), some(chance, (6, 2, 2, 4)), scales(chance, 6)
    bias = chance.integers(-(10**6), 10**6, 6)
    sums = np.zeros((3, 4, 6), int)
    for y, x in np.ndindex(3, 4):
        under = image[0, y : y + 2, x : x + 2].astype(int)
        sums[y, x] = (weights.astype(int) * under).sum(axis=(1, 2, 3)) + bias
    tensors = [Tensor(image.shape, 0.5, 0, KINDS.INT16), Tensor(weights.shape, own, value=weights), constant(bias)]
    model = one_operator("CONV_2D", tensors, Tensor((1, 3, 4, 6), 0.75, 0, KINDS.INT16), CONV("Conv2DOptions"))
    return Case(model, [image], by_channel(sums, own, np.int16, 0))


def half_away(values: Array) -> Array:
    """TfLiteRound of float32."""
    return np.trunc(values + np.copysign(np.float32(0.5), values)).astype(np.float32)


@lru_cache
def table(curve: Callable[[Array], Array], low: float, high: float) -> Array:
    """LUTPopulate of the reference: 512 steps, each moved by half the error that interpolation has in its middle."""
    step = np.float32((np.float32(high) - np.float32(low)) / np.float32(STEPS))
    x = np.float32(low) + np.arange(STEPS + 1, dtype=np.float32) * step
    scale = BITS / np.float32(2)
    at, between = curve(x) * scale, curve(x[:-1] + step / np.float32(2)) * scale
    middle = half_away((at[1:] + half_away(at[:-1])) / np.float32(2))
    moved = half_away(at[:-1]) - half_away((middle - half_away(between)) / np.float32(2))
    return np.clip([*moved, half_away(at[-1:])[0]], -32768, 32767).astype(int)


def looked_up(own: Array, x: int) -> int:
    """LUTLookup: between two neighbours, at the low 7 bits."""
    index = 256 + (x >> 7)
    return int(own[index] + (((own[index + 1] - own[index]) * (x & 127) + 64) >> 7))


def exponential(x: Array) -> Array:
    return np.exp(x.astype(np.float64)).astype(np.float32)


def reciprocal(x: Array) -> Array:
    return (np.float32(1) / (np.float32(1) + x)).astype(np.float32)


def softmax(chance: np.random.Generator) -> Case:
    """SoftmaxInt16 of the reference: the differences from the largest are scaled, all else is shifted."""
    scale = single(chance.uniform(3e-5, 1.2e-4))
    data = some(chance, (20, 12), np.int16)

    def row(values: Array, mode: str) -> Array:
        by, largest = scale_of(mode), int(values.max())
        differences = (by(int(value) - largest, scale * 1.0 / (10.0 / 65535.0)) + 32767 for value in values)
        shares = [looked_up(table(exponential, -10.0, 0.0), min(max(one, -32768), 32767)) for one in differences]
        headroom = 32 - sum(shares).bit_length()
        shifted = ((sum(shares) << (headroom - 1)) + (1 << 13)) >> 14
        over = looked_up(table(reciprocal, 0.0, 1.0), min(max(shifted - (1 << 15) - (1 << 16), -32768), 32767))
        right = 31 - headroom
        return np.array([min(max((one * over + (1 << (right - 1))) >> right, 0), 32767) for one in shares], np.int16)

    def wanted(mode: str) -> bytes:
        return b"".join(row(values, mode).tobytes() for values in data)

    tensors = Tensor(data.shape, scale, 0, KINDS.INT16), Tensor(data.shape, 2.0**-15, 0, KINDS.INT16)
    return Case(one_operator("SOFTMAX", [tensors[0]], tensors[1], options("SoftmaxOptions", beta=1.0)), [data], wanted)
