# SPDX-License-Identifier: Apache-2.0
"""Single layers of every remainder of the blocks that kernels work in: pairs, fours, sixteens, and what is left."""

from __future__ import annotations

import numpy as np
from tests.support.nn_builder import Tensor, one_operator, options


def random_weights(shape: tuple[int, ...], axis: int) -> Tensor:
    chance = np.random.default_rng(sum(shape))
    scales = chance.uniform(0.002, 0.01, shape[axis]).astype(np.float32).tolist()
    return Tensor(shape, scales, value=chance.integers(-127, 128, shape, np.int8), axis=axis)


def convolution(channels: int, rows: int, kernel: int, size: tuple[int, int] = (3, 5)) -> bytes:
    table = options("Conv2DOptions", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
    weights = random_weights((rows, kernel, kernel, channels), 0)
    image, result = Tensor((1, *size, channels), 0.1, 7), Tensor((1, *size, rows), 0.3)
    return one_operator("CONV_2D", [image, weights], result, table)


def depthwise(channels: int, multiplier: int, kernel: int, size: tuple[int, int] = (4, 5)) -> bytes:
    rows, (height, width) = channels * multiplier, size
    table = options(
        "DepthwiseConv2DOptions", strideH=1, strideW=2, depthMultiplier=multiplier, dilationHFactor=1, dilationWFactor=1
    )
    weights = random_weights((1, kernel, kernel, rows), 3)
    image, result = Tensor((1, height, width, channels), 0.1, 7), Tensor((1, height, (width + 1) // 2, rows), 0.1)
    return one_operator("DEPTHWISE_CONV_2D", [image, weights], result, table)


def fully_connected(depth: int, rows: int, batches: int = 1) -> bytes:
    x, y = Tensor((batches, depth), 0.1, 7), Tensor((batches, rows), 0.2)
    return one_operator("FULLY_CONNECTED", [x, random_weights((rows, depth), 0)], y, options("FullyConnectedOptions"))


def every_remainder() -> list[bytes]:
    convolutions = [
        (1, 1, 1),
        (3, 2, 1),
        (4, 3, 1),
        (5, 4, 2),
        (8, 5, 1),
        (2, 7, 3),
        (17, 3, 1),
        (16, 6, 1),
        (31, 2, 1),
        (3, 9, 3),
    ]
    depthwises = [(1, 1, 3), (4, 1, 3), (7, 1, 2), (8, 1, 1), (1, 4, 3), (2, 8, 2), (3, 2, 3), (2, 3, 1)]
    depthwises += [(16, 1, 3), (19, 1, 3), (33, 1, 2), (5, 1, 5), (1, 8, 4)]
    dense = [(1, 1), (3, 4), (4, 4), (5, 5), (8, 6), (9, 7), (64, 10), (2, 3), (15, 5), (16, 4), (17, 9), (33, 2)]
    return [
        *(convolution(*shape) for shape in convolutions), *(depthwise(*shape) for shape in depthwises),
        *(fully_connected(*shape) for shape in dense), fully_connected(7, 5, 3),
    ]  # fmt: skip
