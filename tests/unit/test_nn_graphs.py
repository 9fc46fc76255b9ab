# SPDX-License-Identifier: Apache-2.0
"""Random graphs of several operators: shared memory, views and long lives of tensors do not change a byte."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from motet_native import nn
from tests.support.nn_builder import Tensor, Wheel, constant, graph, options

FLAT, IMAGE = (1, 24), (1, 4, 6, 1)
Step = tuple[str, list[int], int, Any]


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


class Builder:
    """A graph that grows by operators on tensors it already has."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.tensors = [self.tensor(FLAT), self.tensor(IMAGE)]
        self.activations = [0, 1]
        self.steps: list[Step] = []

    def tensor(self, shape: tuple[int, ...]) -> Tensor:
        return Tensor(shape, self.draw(st.sampled_from([0.05, 0.1, 0.13])), self.draw(st.integers(-20, 20)))

    def pick(self, shape: tuple[int, ...] | None = None) -> int:
        fitting = [i for i in self.activations if shape is None or self.tensors[i].shape == shape]
        return self.draw(st.sampled_from(fitting))

    def add(self, name: str, inputs: list[int], output: Tensor, table: Any) -> None:
        self.tensors.append(output)
        self.activations.append(len(self.tensors) - 1)
        self.steps.append((name, inputs, len(self.tensors) - 1, table))

    def constant(self, value: list[int]) -> int:
        self.tensors.append(constant(value))
        return len(self.tensors) - 1

    def addition(self) -> None:
        left = self.pick()
        shape = self.tensors[left].shape
        self.add("ADD", [left, self.pick(shape)], self.tensor(shape), options("AddOptions"))

    def reshape(self) -> None:
        source = self.pick()
        old = self.tensors[source]
        shape = IMAGE if old.shape == FLAT else FLAT
        wanted = self.constant(list(shape))
        self.add("RESHAPE", [source, wanted], Tensor(shape, old.scale, old.zero_point), options("ReshapeOptions"))

    def pool(self) -> None:
        source = self.pick(IMAGE)
        table = options("Pool2DOptions", strideH=1, strideW=1, filterHeight=2, filterWidth=3)
        self.add("MAX_POOL_2D", [source], self.tensors[source], table)

    def transposition(self) -> None:
        source = self.pick(IMAGE)
        old = self.tensors[source]
        turned = Tensor((1, 6, 4, 1), old.scale, old.zero_point)
        self.add("TRANSPOSE", [source, self.constant([0, 2, 1, 3])], turned, options("TransposeOptions"))


@st.composite
def graphs(draw: st.DrawFn) -> bytes:
    builder = Builder(draw)
    for _ in range(draw(st.integers(1, 10))):
        draw(st.sampled_from([builder.addition, builder.reshape, builder.reshape, builder.pool, builder.transposition]))()
    written = [output for _, _, output, _ in builder.steps]
    outputs = draw(st.lists(st.sampled_from(written), unique=True, max_size=3))
    return graph(builder.tensors, builder.steps, [*outputs, *({written[-1]} - set(outputs))])


@given(graphs(), st.integers(0, 2**32 - 1))
@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_random_graphs_give_the_bytes_of_the_wheel(wheel: Wheel, model: bytes, seed: int) -> None:
    random = np.random.default_rng(seed)
    shapes = [FLAT, IMAGE]
    runs = [[random.integers(-128, 128, shape, np.int8) for shape in shapes] for _ in range(2)]
    own = nn.Model(model)
    assert [own.predict(run) for run in runs] == wheel.run(model, runs)


def test_views_of_views_share_the_memory_of_their_source() -> None:
    """A chain of reshapes takes no more activations than its input, however long it is."""

    def chain(length: int) -> int:
        tensors = [Tensor((1, 4096), 0.1) if i % 2 else Tensor((1, 64, 64), 0.1) for i in range(length + 2)]
        steps: list[Step] = [("RESHAPE", [i], i + 1, options("ReshapeOptions")) for i in range(length)]
        steps.append(("ADD", [length, length], length + 1, options("AddOptions")))
        tensors[-1] = Tensor(tensors[-2].shape, 0.1)
        return nn.Model(graph(tensors, steps, [length + 1])).arena_bytes

    assert chain(9) - chain(1) < 8 * 128  # tables only, not the 4,096 bytes of another activation


def test_operators_cannot_make_loading_long_by_sharing_a_large_constant() -> None:
    large, image = Tensor((1, 60000), 0.1, value=np.ones((1, 60000), np.int8)), Tensor((1, 60000), 0.1)
    steps: list[Step] = [("ADD", [1, 1], 2, options("AddOptions"))] * 300
    with pytest.raises(nn.Error, match=r"operators read the same constants too often$"):
        nn.Model(graph([image, large, image], steps, [2]))


def test_a_small_file_cannot_ask_for_all_memory() -> None:
    tensors = [Tensor((1, 4000, 4000), 0.1) for _ in range(6)]
    steps: list[Step] = [("ADD", [i, i], i + 1, options("AddOptions")) for i in range(5)]
    with pytest.raises(nn.Error, match=r"^activations need more than 64 MiB$"):
        nn.Model(graph(tensors, steps, [1, 2, 3, 4, 5]))
