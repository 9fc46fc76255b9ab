# SPDX-License-Identifier: Apache-2.0
"""The kernels for Cortex-M: the bytes of the host on an emulated core with and without the DSP extension."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from motet_native import nn
from tests.support.nn_builder import Tensor, one_operator, options
from tests.support.nn_mutations import seeds

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "models/digits/digits.tflite"
sys.path.insert(0, str(ROOT / "tools"))
import bench_nn  # noqa: E402

pytestmark = pytest.mark.board


@pytest.fixture(autouse=True)
def emulator() -> None:
    for program in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def random_weights(shape: tuple[int, ...], axis: int) -> Tensor:
    chance = np.random.default_rng(sum(shape))
    scales = chance.uniform(0.002, 0.01, shape[axis]).astype(np.float32).tolist()
    return Tensor(shape, scales, value=chance.integers(-127, 128, shape, np.int8), axis=axis)


def convolution(channels: int, rows: int, kernel: int) -> bytes:
    table = options("Conv2DOptions", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
    weights = random_weights((rows, kernel, kernel, channels), 0)
    return one_operator("CONV_2D", [Tensor((1, 3, 5, channels), 0.1, 7), weights], Tensor((1, 3, 5, rows), 0.3), table)


def depthwise(channels: int, multiplier: int, kernel: int) -> bytes:
    rows = channels * multiplier
    table = options(
        "DepthwiseConv2DOptions", strideH=1, strideW=2, depthMultiplier=multiplier, dilationHFactor=1, dilationWFactor=1
    )
    weights = random_weights((1, kernel, kernel, rows), 3)
    return one_operator("DEPTHWISE_CONV_2D", [Tensor((1, 4, 5, channels), 0.1, 7), weights], Tensor((1, 4, 3, rows), 0.1), table)


def fully_connected(depth: int, rows: int, batches: int = 1) -> bytes:
    x, y = Tensor((batches, depth), 0.1, 7), Tensor((batches, rows), 0.2)
    return one_operator("FULLY_CONNECTED", [x, random_weights((rows, depth), 0)], y, options("FullyConnectedOptions"))


def models() -> list[bytes]:
    """Every remainder of the blocks that the kernels work in: pairs, fours, and what is left."""
    convolutions = [(1, 1, 1), (3, 2, 1), (4, 3, 1), (5, 4, 2), (8, 5, 1), (2, 7, 3)]
    depthwises = [(1, 1, 3), (4, 1, 3), (7, 1, 2), (8, 1, 1), (1, 4, 3), (2, 8, 2), (3, 2, 3), (2, 3, 1)]
    dense = [(1, 1), (3, 4), (4, 4), (5, 5), (8, 6), (9, 7), (64, 10), (2, 3)]
    return [
        *(convolution(*shape) for shape in convolutions), *(depthwise(*shape) for shape in depthwises),
        *(fully_connected(*shape) for shape in dense), fully_connected(7, 5, 3), *seeds(),
    ]  # fmt: skip


def pseudo_random(count: int) -> bytes:
    """The input of the bench."""
    state, made = 12345, bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        made.append(state >> 24)
    return bytes(made)


def fnv1a(data: bytes) -> str:
    state = 2166136261
    for byte in data:
        state = ((state ^ byte) * 16777619) & 0xFFFFFFFF
    return f"{state:08x}"


def on_host(model: bytes) -> str:
    """The hash of the first output; further inputs stay zero, as in the bench."""
    own = nn.Model(model)
    inputs = [bytes(len(own.input(index))) for index in range(len(own.inputs))]
    inputs[0] = pseudo_random(len(inputs[0]))
    return fnv1a(own.predict(inputs)[0])


@pytest.mark.parametrize("cpu", ["cortex-m4", "cortex-m3"])
def test_an_emulated_core_gives_the_bytes_of_the_host(cpu: str, tmp_path: Path) -> None:
    paths = []
    for index, model in enumerate(models()):
        paths.append(tmp_path / f"{index}.tflite")
        paths[-1].write_bytes(model)
    found = [entry.get("output_fnv1a", entry) for entry in bench_nn.bench(paths, cpu)["models"]]  # type: ignore[attr-defined]
    assert found == [on_host(model) for model in models()]


def test_the_digits_model_keeps_to_its_budget() -> None:
    (found,) = bench_nn.bench([DIGITS])["models"]  # type: ignore[misc]
    assert found["output_fnv1a"] == on_host(DIGITS.read_bytes())
    # Instructions: 1.05 times what it took when this was written.
    assert found["invoke_instructions"] <= 99_000
