# SPDX-License-Identifier: Apache-2.0
"""Random graphs of int16 and of float32 operators: whatever overlaps in memory, the bytes are the wheel's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.nn_builder import KINDS, Tensor, Wheel, constant, graph, options
from tests.support.nn_single import EXAMPLES, SAME, SEEDS, VALID, out_size, random_values, same
from tests.support.nn_wide import FLOAT, INT16, SHARE, bias, single, weights, wide

LARGEST = 600  # elements of a tensor


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


class Builder:
    """A graph of images of one type that grows by operators on those it already has."""

    def __init__(self, draw: st.DrawFn, kind: int) -> None:
        self.draw, self.kind, self.seed = draw, kind, draw(st.integers(0, 999))
        self.tensors = [self.tensor((1, 4, 6, 2)), self.tensor((1, 4, 6, 2))]
        self.images = [0, 1]
        self.steps: list[tuple[str, list[int], int, Any]] = []

    def tensor(self, shape: tuple[int, ...], scale: float = 0.001) -> Tensor:
        return single(shape) if self.kind == FLOAT else wide(shape, scale)

    def keep(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def pick(self) -> tuple[int, tuple[int, ...]]:
        # The newest is likely: that makes chains, in which much overlaps.
        index = self.draw(st.sampled_from([self.images[-1], self.images[-1], *self.images]))
        return index, self.tensors[index].shape

    def add(self, name: str, inputs: list[int], output: Tensor, table: Any = None) -> None:
        if np.prod(output.shape) <= LARGEST:
            self.images.append(self.keep(output))
            self.steps.append((name, inputs, self.images[-1], table))

    def constants(self, shape: tuple[int, ...], axis: int) -> list[int]:
        """Weights, and sometimes a bias."""
        self.seed += 1
        rows = shape[axis]
        own = [single(shape, self.seed) if self.kind == FLOAT else weights(shape, axis, self.seed)]
        if self.draw(st.booleans()):
            own.append(single((rows,), self.seed) if self.kind == FLOAT else bias(rows, KINDS.INT64, self.seed))
        return [self.keep(tensor) for tensor in own]

    def window(self, shape: tuple[int, ...]) -> tuple[dict[str, int], tuple[int, int], tuple[int, int]]:
        padding, stride = self.draw(st.sampled_from([SAME, VALID])), self.draw(st.integers(1, 2))
        kernel = tuple(min(self.draw(st.integers(1, 3)), size) for size in shape[1:3])
        out = tuple(out_size(size, own, stride, 1, padding) for size, own in zip(shape[1:3], kernel, strict=True))
        return {"strideH": stride, "strideW": stride, "padding": padding}, (kernel[0], kernel[1]), (out[0], out[1])

    def convolution(self) -> None:
        x, shape = self.pick()
        table, kernel, out = self.window(shape)
        rows = self.draw(st.integers(1, 4))
        own = self.constants((rows, *kernel, shape[3]), 0)
        dilations = {"dilationHFactor": 1, "dilationWFactor": 1}
        self.add("CONV_2D", [x, *own], self.tensor((1, *out, rows), 0.02), options("Conv2DOptions", **table, **dilations))

    def depthwise(self) -> None:
        x, shape = self.pick()
        table, kernel, out = self.window(shape)
        multiplier = self.draw(st.integers(1, 2))
        rows = shape[3] * multiplier
        own = self.constants((1, *kernel, rows), 3)
        own_options = options("DepthwiseConv2DOptions", **table, dilationHFactor=1, dilationWFactor=1, depthMultiplier=multiplier)
        self.add("DEPTHWISE_CONV_2D", [x, *own], self.tensor((1, *out, rows), 0.02), own_options)

    def dense(self) -> None:
        x, shape = self.pick()
        rows = self.draw(st.integers(1, 4))
        own = self.constants((rows, shape[3]), 0)
        table = options("FullyConnectedOptions", keepNumDims=True)
        self.add("FULLY_CONNECTED", [x, *own], self.tensor((*shape[:3], rows), 0.02), table)

    def arithmetic(self) -> None:
        (x, shape), (y, other) = self.pick(), self.pick()
        name = self.draw(st.sampled_from(["ADD", "SUB", "MUL"]))
        try:
            out = np.broadcast_shapes(shape, other)
        except ValueError:
            y, out = x, shape
        self.add(name, [x, y], self.tensor(tuple(out), 0.002), options(f"{name.title()}Options"))

    def curve(self) -> None:
        x, shape = self.pick()
        name = self.draw(st.sampled_from(["LOGISTIC", "RELU", "RELU6"] if self.kind == FLOAT else ["LOGISTIC", "TANH"]))
        self.add(name, [x], self.tensor(shape, SHARE))

    def softmax(self) -> None:
        x, shape = self.pick()
        self.add("SOFTMAX", [x], self.tensor(shape, SHARE), options("SoftmaxOptions", beta=1.0))

    def reshape(self) -> None:
        x, shape = self.pick()
        turned = (1, shape[2], shape[1], shape[3])
        new = self.keep(constant(list(turned)))
        self.add("RESHAPE", [x, new], self.tensor(turned, float(np.max(self.tensors[x].scale or 0))), options("ReshapeOptions"))

    def pool(self) -> None:
        x, shape = self.pick()
        table, kernel, out = self.window(shape)
        name = self.draw(st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
        own_options = options("Pool2DOptions", **table, filterHeight=kernel[0], filterWidth=kernel[1])
        self.add(name, [x], self.tensor((1, *out, shape[3])), own_options)

    def mean(self) -> None:
        x, shape = self.pick()
        axes = self.keep(constant([1, 2]))
        self.add("MEAN", [x, axes], self.tensor((1, 1, 1, shape[3])), options("ReducerOptions", keepDims=True))


@st.composite
def graphs(draw: st.DrawFn, kind: int) -> tuple[bytes, list[Tensor]]:
    builder = Builder(draw, kind)
    ways = [builder.convolution, builder.depthwise, builder.dense, builder.arithmetic, builder.curve, builder.softmax,
            builder.reshape]  # fmt: skip
    ways += [builder.pool, builder.mean] if kind == FLOAT else []
    builder.arithmetic()
    for _ in range(draw(st.integers(1, 9))):
        draw(st.sampled_from(ways))()
    return graph(builder.tensors, builder.steps, [builder.images[-1]]), builder.tensors[:2]


@given(graphs(INT16), SEEDS)
@settings(EXAMPLES, max_examples=150)
def test_graphs_of_int16_give_the_bytes_of_the_wheel(wheel: Wheel, made: tuple[bytes, list[Tensor]], seed: int) -> None:
    same(wheel, made[0], random_values(seed, made[1], 2))


@given(graphs(FLOAT), SEEDS)
@settings(EXAMPLES, max_examples=150)
def test_graphs_of_float32_give_the_bytes_of_the_wheel(wheel: Wheel, made: tuple[bytes, list[Tensor]], seed: int) -> None:
    same(wheel, made[0], random_values(seed, made[1], 2))
