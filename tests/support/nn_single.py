# SPDX-License-Identifier: Apache-2.0
"""One operator alone on random inputs: the engine against the tflite-micro wheel."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from motet_native import nn
from numpy.typing import NDArray
from tests.support.nn_builder import Tensor, Wheel, one_operator

EXAMPLES = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
SCALES = st.floats(2**-9, 0.25, width=32)
ZEROS = st.integers(-128, 127)
ACTIVATIONS = st.sampled_from([0, 1, 2, 3])  # NONE, RELU, RELU_N1_TO_1, RELU6
SEEDS = st.integers(0, 2**32 - 1)
SAME, VALID = 0, 1


def shapes(least: int = 1, most: int = 4, largest: int = 5) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of `least` to `most` dimensions."""
    return st.lists(st.integers(1, largest), min_size=least, max_size=most).map(tuple)


def random_values(seed: int, tensors: list[Tensor], runs: int = 3) -> list[list[NDArray[Any]]]:
    """Inputs of several runs."""
    random = np.random.default_rng(seed)
    return [[_values(random, tensor) for tensor in tensors] for _ in range(runs)]


def _values(random: np.random.Generator, tensor: Tensor) -> NDArray[Any]:
    if np.issubdtype(tensor.dtype, np.floating):
        return random.normal(0, 3, tensor.shape).astype(tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    return random.integers(limits.min, limits.max, tensor.shape, tensor.dtype, endpoint=True)


def check(
    wheel: Wheel, name: str, inputs: list[Tensor], output: Tensor | list[Tensor], table: Any, seed: int, runs: int = 3
) -> None:
    """The engine and the wheel give the same bytes on some random inputs."""
    same(wheel, one_operator(name, inputs, output, table), random_values(seed, [t for t in inputs if t.value is None], runs))


def same(wheel: Wheel, model: bytes, runs: list[list[NDArray[Any]]]) -> None:
    """The engine and the wheel give the same bytes on these inputs."""
    own = nn.Model(model)
    assert [own.predict(run) for run in runs] == wheel.run(model, runs)


def out_size(size: int, kernel: int, stride: int, dilation: int, padding: int) -> int:
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == SAME else (size - reach) // stride + 1


@st.composite
def windows(draw: st.DrawFn, dilations: bool) -> dict[str, Any]:
    """A kernel that fits its image."""
    dilation = draw(st.integers(1, 2)) if dilations else 1
    stride_h, stride_w = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    if dilation > 1:
        stride_h = stride_w = 1
    kernel_h, kernel_w = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    padding = draw(st.sampled_from([SAME, VALID]))
    least = [(kernel - 1) * dilation + 1 if padding == VALID else 1 for kernel in (kernel_h, kernel_w)]
    height, width = (draw(st.integers(size, size + 7)) for size in least)
    out_h = out_size(height, kernel_h, stride_h, dilation, padding)
    out_w = out_size(width, kernel_w, stride_w, dilation, padding)
    return {
        "batch": draw(st.integers(1, 2)),
        "image": (height, width),
        "kernel": (kernel_h, kernel_w),
        "out": (out_h, out_w),
        "strides": {"strideH": stride_h, "strideW": stride_w, "padding": padding},
        "dilations": {"dilationHFactor": dilation, "dilationWFactor": dilation},
    }
