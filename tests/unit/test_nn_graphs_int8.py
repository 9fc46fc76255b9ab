# SPDX-License-Identifier: Apache-2.0
"""Random graphs of all kinds of int8 operators: whatever overlaps in memory, the bytes are the wheel's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motet_native import nn
from tests.support.nn_builder import KINDS, Step, Tensor, Wheel, constant, graph, options
from tests.support.nn_single import EXAMPLES, SEEDS, random_values

SCALE, ZERO = 0.1, -3
LARGEST = 600  # elements of a tensor


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


class Builder:
    """A graph of images that grows by operators on those it already has. All have one scale."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.random = np.random.default_rng(draw(st.integers(0, 999)))
        self.tensors = [Tensor((1, 4, 6, 2), SCALE, ZERO), Tensor((1, 4, 6, 2), SCALE, ZERO)]
        self.images = [0, 1]
        self.steps: list[Step] = []

    def pick(self) -> tuple[int, tuple[int, ...]]:
        # The newest is likely: that makes chains, in which much overlaps.
        index = self.draw(st.sampled_from([self.images[-1], *self.images]))
        return index, self.tensors[index].shape

    def keep(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def add(self, name: str, inputs: list[int], shapes: list[tuple[int, ...]], table: object = None) -> None:
        outputs = [self.keep(Tensor(shape, SCALE, ZERO)) for shape in shapes]
        self.images += outputs
        self.steps.append((name, inputs, outputs, table))

    def constant(self, *value: int) -> int:
        return self.keep(constant(list(value)))

    def weights(self, *shape: int, axis: int = 0) -> int:
        scales = self.random.uniform(0.002, 0.02, shape[axis]).astype(np.float32).tolist()
        return self.keep(Tensor(shape, scales, value=self.random.integers(-127, 128, shape, np.int8), axis=axis))

    def rectifier(self) -> None:
        x, shape = self.pick()
        name = self.draw(st.sampled_from(["RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH"]))
        table = {"LEAKY_RELU": options("LeakyReluOptions", alpha=0.3), "HARD_SWISH": options("HardSwishOptions")}.get(name)
        self.add(name, [x], [shape], table)

    def curve(self) -> None:
        x, shape = self.pick()
        y = self.keep(Tensor(shape, 1 / 256, -128))
        self.steps.append(("LOGISTIC", [x], y, None))
        self.add("QUANTIZE", [y], [shape], options("QuantizeOptions"))

    def arithmetic(self) -> None:
        (x, shape), (y, other) = self.pick(), self.pick()
        kinds = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions", "MAXIMUM": "MaximumMinimumOptions"}
        name = self.draw(st.sampled_from(sorted(kinds)))
        try:
            out = np.broadcast_shapes(shape, other)
        except ValueError:
            y, out = x, shape
        self.add(name, [x, y], [out], options(kinds[name]))

    def slope(self) -> None:
        x, shape = self.pick()
        alpha = self.keep(Tensor((1, 1, shape[3]), 0.01, 5, value=self.random.integers(-128, 128, (1, 1, shape[3]), np.int8)))
        self.add("PRELU", [x, alpha], [shape])

    def join(self) -> None:
        (x, shape), (y, other) = self.pick(), self.pick()
        axis = self.draw(st.integers(1, 3))
        if any(a != b for i, (a, b) in enumerate(zip(shape, other, strict=True)) if i != axis):
            y, other = x, shape
        out = (*shape[:axis], shape[axis] + other[axis], *shape[axis + 1 :])
        self.add("CONCATENATION", [x, y], [out], options("ConcatenationOptions", axis=axis))

    def split(self) -> None:
        x, shape = self.pick()
        even = [axis for axis in range(1, 4) if shape[axis] % 2 == 0] or [0]
        axis = self.draw(st.sampled_from(even))
        parts = 2 if axis else 1
        part = (*shape[:axis], shape[axis] // parts, *shape[axis + 1 :])
        self.add("SPLIT", [self.constant(axis), x], [part] * parts, options("SplitOptions", numSplits=parts))

    def crop(self) -> None:
        x, shape = self.pick()
        begin = [self.draw(st.integers(0, min(1, size - 1))) for size in shape]
        size = [own - first for own, first in zip(shape, begin, strict=True)]
        self.add("SLICE", [x, self.constant(*begin), self.constant(*size)], [tuple(size)], options("SliceOptions"))

    def mirror(self) -> None:
        x, shape = self.pick()
        table = options("StridedSliceOptions", beginMask=15, endMask=15)
        halves = (shape[0], shape[1], shape[2], -(-shape[3] // 2))
        self.add("STRIDED_SLICE", [x, *[self.constant(0, 0, 0, 0)] * 2, self.constant(1, -1, 1, 2)], [halves], table)

    def turn(self) -> None:
        x, shape = self.pick()
        order = self.draw(st.permutations([1, 2, 3]))
        out = (shape[0], *(shape[axis] for axis in order))
        self.add("TRANSPOSE", [x, self.constant(0, *order)], [out], options("TransposeOptions"))

    def border(self) -> None:
        x, shape = self.pick()
        out = (shape[0], shape[1] + 1, shape[2] + 2, shape[3])
        self.add("PAD", [x, self.constant_pairs((0, 0), (1, 0), (0, 2), (0, 0))], [out], options("PadOptions"))

    def constant_pairs(self, *pairs: tuple[int, int]) -> int:
        return self.keep(constant(pairs))

    def resize(self) -> None:
        x, shape = self.pick()
        name = self.draw(st.sampled_from(["ResizeBilinear", "ResizeNearestNeighbor"]))
        height, width = self.draw(st.integers(1, 6)), self.draw(st.integers(1, 6))
        operator = "RESIZE_BILINEAR" if name == "ResizeBilinear" else "RESIZE_NEAREST_NEIGHBOR"
        size = self.constant(height, width)
        self.add(operator, [x, size], [(shape[0], height, width, shape[3])], options(name + "Options", halfPixelCenters=True))

    def convolution(self) -> None:
        x, shape = self.pick()
        rows, kernel = self.draw(st.integers(1, 4)), self.draw(st.sampled_from([1, 2, 3]))
        groups = 2 if shape[3] % 2 == 0 and rows % 2 == 0 and self.draw(st.booleans()) else 1
        table = options("Conv2DOptions", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
        self.add("CONV_2D", [x, self.weights(rows, kernel, kernel, shape[3] // groups)], [(*shape[:3], rows)], table)

    def depthwise(self) -> None:
        x, shape = self.pick()
        table = options("DepthwiseConv2DOptions", strideH=1, strideW=1, depthMultiplier=1, dilationHFactor=1, dilationWFactor=1)
        self.add("DEPTHWISE_CONV_2D", [x, self.weights(1, 3, 3, shape[3], axis=3)], [shape], table)

    def transposed(self) -> None:
        x, shape = self.pick()
        out = (shape[0], shape[1] * 2, shape[2], 2)
        table = options("TransposeConvOptions", strideH=2, strideW=1)
        self.add("TRANSPOSE_CONV", [self.constant(*out), self.weights(2, 3, 2, shape[3]), x], [out], table)

    def pool(self) -> None:
        x, shape = self.pick()
        kind = self.draw(st.sampled_from(["AVERAGE", "MAX"]))
        self.add(f"{kind}_POOL_2D", [x], [shape], options("Pool2DOptions", strideH=1, strideW=1, filterHeight=2, filterWidth=3))

    def reduce(self) -> None:
        x, shape = self.pick()
        name = self.draw(st.sampled_from(["MEAN", "REDUCE_MAX"]))
        out = (shape[0], 1, shape[2], shape[3])
        self.add(name, [x, self.constant(1)], [out], options("ReducerOptions", keepDims=True))

    def grow(self) -> None:
        ways = [
            self.rectifier, self.curve, self.arithmetic, self.arithmetic, self.slope, self.join, self.split, self.crop,
            self.mirror, self.turn, self.border, self.resize, self.convolution, self.convolution, self.depthwise,
            self.transposed, self.pool, self.reduce,
        ]  # fmt: skip
        state = (len(self.tensors), len(self.images), len(self.steps))
        self.draw(st.sampled_from(ways))()
        if np.prod(self.tensors[self.images[-1]].shape) > LARGEST:
            for own, length in zip((self.tensors, self.images, self.steps), state, strict=True):
                del own[length:]  # type: ignore[attr-defined]


@st.composite
def graphs(draw: st.DrawFn) -> bytes:
    builder = Builder(draw)
    builder.arithmetic()
    for _ in range(draw(st.integers(1, 12))):
        builder.grow()
    written = builder.images[2:]
    outputs = draw(st.lists(st.sampled_from(written), unique=True, max_size=2))
    return graph(builder.tensors, builder.steps, [*outputs, *({written[-1]} - set(outputs))])


@given(graphs(), SEEDS)
@settings(EXAMPLES, max_examples=200)
def test_random_graphs_give_the_bytes_of_the_wheel(wheel: Wheel, model: bytes, seed: int) -> None:
    runs = random_values(seed, [Tensor((1, 4, 6, 2), kind=KINDS.INT8)] * 2, 2)
    own = nn.Model(model)
    assert [own.predict(run) for run in runs] == wheel.run(model, runs)
