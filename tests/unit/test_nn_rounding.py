# SPDX-License-Identifier: Apache-2.0
"""Both rounding modes of the engine against the formulas, written down here with Python's integers."""

from __future__ import annotations

import ctypes
import itertools

import numpy as np
import pytest
from tests.support.nn_builder import Tensor, constant, one_operator, options
from tests.support.nn_library import Model, build
from tests.support.nn_packed import factor

MODES = {"double": 0, "single": 1}


@pytest.fixture(scope="module", params=MODES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ctypes.CDLL]:
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, build(folder, f"-DMOTET_NN_SINGLE_ROUNDING={MODES[request.param]}")


def rescale(mode: str, value: int, multiplier: int, shift: int) -> int:
    """MultiplyByQuantizedMultiplier without overflow."""
    if mode == "single":
        return (value * multiplier + (1 << (30 - shift))) >> (31 - shift)
    high = ((value << max(shift, 0)) * multiplier + (1 << 30)) >> 31
    right = max(-shift, 0)
    half = (1 << right) >> 1
    return (high + half - (1 if high < 0 and right else 0)) >> right


def expected(mode: str, sums: np.ndarray, ratios: list[float], zero: int) -> bytes:
    scaled = [rescale(mode, int(value), *factor(ratio)) + zero for value, ratio in zip(sums, ratios, strict=True)]
    return np.clip(scaled, -128, 127).astype(np.int8).tobytes()


def single(value: float) -> float:
    return float(np.float32(value))


@pytest.mark.parametrize("largest", [0.01, 3.0], ids=["fast", "with left shifts"])
def test_layers_round_as_the_formula_says(engine: tuple[str, ctypes.CDLL], largest: float) -> None:
    mode, library = engine
    chance = np.random.default_rng(3)
    differing = 0
    for _ in range(60):
        scales = [single(value) for value in chance.uniform(1e-4, largest, 16)]
        weights = chance.integers(-127, 128, (16, 9), np.int8)
        bias, data = chance.integers(-500, 500, 16), chance.integers(-128, 128, 9, np.int8)
        inputs = [Tensor((1, 9), 0.5, 5), Tensor((16, 9), scales, value=weights), constant(bias)]
        model = one_operator("FULLY_CONNECTED", inputs, Tensor((1, 16), 0.75, -7), options("FullyConnectedOptions"))
        sums = weights.astype(int) @ (data.astype(int) - 5) + bias
        ratios = [0.5 * scale / 0.75 for scale in scales]
        assert Model(library, model).run([data.tobytes()]) == [expected(mode, sums, ratios, -7)]
        differing += expected("single", sums, ratios, -7) != expected("double", sums, ratios, -7)
    assert differing > 0 or largest > 1  # the modes can be told apart


def test_additions_round_as_the_formula_says(engine: tuple[str, ctypes.CDLL]) -> None:
    mode, library = engine
    left_scale, right_scale, scale = single(0.11), single(0.07), single(0.15)
    values = np.array(list(itertools.product(range(-128, 128, 5), repeat=2)), np.int8)
    shape = (1, len(values))
    model = one_operator(
        "ADD", [Tensor(shape, left_scale, 3), Tensor(shape, right_scale, -4)], Tensor(shape, scale, 6), options("AddOptions")
    )
    twice = 2 * max(left_scale, right_scale)
    wanted = []
    for a, b in values.astype(int).tolist():
        left = rescale(mode, (a - 3) << 20, *factor(left_scale / twice))
        right = rescale(mode, (b + 4) << 20, *factor(right_scale / twice))
        wanted.append(rescale(mode, left + right, *factor(twice / (2**20 * scale))) + 6)
    own = Model(library, model).run([values[:, 0].tobytes(), values[:, 1].tobytes()])
    assert own == [np.clip(wanted, -128, 127).astype(np.int8).tobytes()]
