# SPDX-License-Identifier: Apache-2.0
"""Models that remember earlier runs: the bytes of the tflite-micro wheel, run after run, and what reset() brings back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import motet_native
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from motet_native import nn
from numpy.typing import NDArray
from tests.support import grey_png, public_models
from tests.support.nn_builder import KINDS, Tensor, Wheel, graph, one_operator, options
from tests.support.nn_state import lstm, svdf

EXAMPLES = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
SCALES = st.floats(2**-9, 0.25, width=32)
ZEROS = st.integers(-128, 127)
SEEDS = st.integers(0, 2**32 - 1)
Run = list[NDArray[Any]]

MODELS, needs_models = public_models.FOLDER, public_models.needed


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


def noise(seed: int, shape: tuple[int, ...], count: int) -> list[Run]:
    random = np.random.default_rng(seed)
    return [[random.integers(-128, 128, shape, np.int8)] for _ in range(count)]


def answers(model: nn.Model, runs: list[Run | None]) -> list[list[bytes]]:
    given = []
    for run in runs:
        if run is None:
            model.reset()
        given.append([] if run is None else model.predict(run))
    return given


def check(wheel: Wheel, model: bytes, runs: list[Run]) -> None:
    """The engine and the wheel give the same bytes on all runs, and again after a reset."""
    twice: list[Run | None] = [*runs, None, *runs[:2]]
    own = answers(nn.Model(model), twice)
    assert own == wheel.run(model, twice)
    assert own[-2:] == own[:2]


@given(
    st.integers(1, 3), st.integers(1, 20), st.integers(1, 5), st.integers(1, 3), st.integers(1, 6),
    st.tuples(SCALES, SCALES, SCALES), st.tuples(ZEROS, ZEROS, ZEROS), st.booleans(), SEEDS,
)  # fmt: skip
@EXAMPLES
def test_svdf_gives_the_bytes_of_the_wheel_run_after_run(
    wheel: Wheel, batches: int, depth: int, units: int, rank: int, memory: int, scales: tuple[float, ...],
    zeros: tuple[int, ...], wide: bool, seed: int,
) -> None:  # fmt: skip
    model = svdf(batches, depth, units, rank, memory, scales, zeros, wide, seed)
    check(wheel, model, noise(seed, (batches, depth), memory + 2))


@given(
    st.integers(1, 3), st.integers(1, 4), st.integers(1, 20), st.integers(1, 9), st.booleans(), st.integers(-15, -8),
    st.floats(0, 20, width=32), st.tuples(SCALES, SCALES), st.tuples(ZEROS, ZEROS), SEEDS,
)  # fmt: skip
@EXAMPLES
def test_lstm_gives_the_bytes_of_the_wheel_run_after_run(
    wheel: Wheel, batches: int, times: int, depth: int, units: int, time_major: bool, power: int, clip: float,
    scales: tuple[float, ...], zeros: tuple[int, ...], seed: int,
) -> None:  # fmt: skip
    model = lstm(batches, times, depth, units, time_major, power, clip, scales, zeros, seed)
    check(wheel, model, noise(seed, (times, batches, depth) if time_major else (batches, times, depth), 4))


def test_two_operators_of_a_model_remember_apart(wheel: Wheel) -> None:
    random = np.random.default_rng(5)
    x, y = Tensor((1, 3), 0.1, 1), Tensor((1, 3), 0.2, -4)
    tensors = [x]
    for index in range(2):
        tensors += [
            Tensor((3, 3), 0.02, value=random.integers(-127, 128, (3, 3), np.int8)),
            Tensor((3, 4), 0.01, value=random.integers(-127, 128, (3, 4), np.int8)),
            Tensor((3,), 0.001, kind=KINDS.INT32, value=random.integers(-90, 90, 3, np.int32)),
            Tensor((1, 12), 0.1, index, variable=True),
            y,
        ]
    table = options("SVDFOptions", rank=1)
    model = graph(tensors, [("SVDF", [0, 1, 2, 3, 4], 5, table), ("SVDF", [5, 6, 7, 8, 9], 10, table)], [10, 5])
    check(wheel, model, noise(5, (1, 3), 9))


def test_two_models_of_one_file_remember_apart() -> None:
    model, runs = svdf(), noise(1, (1, 4), 4)
    one, two = nn.Model(model), nn.Model(model)
    expected = [one.predict(run) for run in runs]
    assert [two.predict(run) for run in runs] == expected
    two.reset()
    assert one.predict(runs[0]) != two.predict(runs[0]) == expected[0]


def test_a_run_that_ended_early_is_forgotten_by_a_reset() -> None:
    data, runs = svdf(depth=9000, units=9), noise(2, (1, 9000), 2)
    model = nn.Model(data)
    expected = model.predict(runs[0])
    model.steps = 2
    with pytest.raises(nn.Error, match="out of steps"):
        model.predict(runs[1])
    model.steps = 0
    model.reset()
    assert model.predict(runs[0]) == expected


@pytest.mark.parametrize("make", [svdf, lstm])
def test_sums_that_could_overflow_are_refused(make: Callable[..., bytes]) -> None:
    with pytest.raises(nn.Error, match="sums that could overflow 32 bits"):
        nn.Model(make(depth=65536, units=1))
    nn.Model(make(depth=65535, units=1)).predict([b"\x80" * 65535 * (1 if make is svdf else 2)])


def test_a_reset_of_a_model_that_remembers_nothing_changes_nothing() -> None:
    row = Tensor((1, 4), 0.1)
    model = nn.Model(one_operator("ADD", [row, row], row, options("AddOptions")))
    before = model.predict([bytes(range(4))] * 2)
    assert model.reset() is None
    assert model.predict([bytes(range(4))] * 2) == before


def test_the_memory_of_a_model_is_part_of_its_arena() -> None:
    small, large = nn.Model(svdf(memory=2)).arena_bytes, nn.Model(svdf(memory=66)).arena_bytes
    assert large - small == 3 * 64


@needs_models
def test_a_model_of_others_reads_ten_handwritten_digits_with_the_bytes_of_the_wheel(wheel: Wheel) -> None:
    data = (MODELS / "tflm/trained_lstm_int8.tflite").read_bytes()
    images = [grey_png.read(MODELS / f"inputs/mnist/sample{digit}.png") for digit in range(10)]
    runs: list[Run | None] = []
    for image in images:
        runs += [[(image.astype(np.int16) - 128).astype(np.int8)[None]], None]
    own = answers(nn.Model(data), runs)
    assert own == wheel.run(data, runs)
    assert [int(np.frombuffer(scores, np.int8).argmax()) for (scores,) in own[::2]] == list(range(10))


@needs_models
def test_a_model_of_others_finds_keywords_with_the_bytes_of_the_wheel(wheel: Wheel) -> None:
    random = np.random.default_rng(3)
    runs: list[Run] = [[random.integers(-32768, 32768, (1, 96), np.int16)] for _ in range(40)]
    for name in ("keyword_scrambled", "keyword_scrambled_8bit"):
        check(wheel, (MODELS / f"tflm/{name}.tflite").read_bytes(), runs)


@pytest.fixture(autouse=True)
def no_cancellation() -> Iterator[None]:
    yield
    motet_native.cancel(False)
