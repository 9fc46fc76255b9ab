# SPDX-License-Identifier: Apache-2.0
"""Whole models: the bytes of the tflite-micro wheel, our own digits model on all of its test images, and its trainer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motet_native import nn
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from tests.support import public_models
from tests.support.nn_builder import Wheel
from tests.support.nn_refused import refused

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "models/digits/digits.tflite"
MODELS = public_models.FOLDER
ABSENT = pytest.mark.skip(reason=public_models.REASON)
DTYPES = {"int8": np.int8, "uint8": np.uint8, "int16": np.int16, "int32": np.int32}


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


def images() -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """The 500 images, and their labels, that the digits model never saw in training."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(1797)[1297:]
    return digits.images[order].astype(np.int8)[:, None, :, :, None], digits.target[order]


def random_inputs(model: nn.Model, count: int) -> list[list[NDArray[Any]]]:
    """Uniform noise, quiet noise and flat inputs in turn."""
    chance = np.random.default_rng(1)
    runs = []
    for index in range(count):
        run = []
        for _, shape, kind, _, _ in model.inputs:
            if kind == "float32":
                run.append((chance.normal(0, 1, shape) * [1, 100, 0.01][index % 3]).astype(np.float32))
                continue
            limits = np.iinfo(DTYPES[kind])
            noise = chance.integers(limits.min, limits.max, shape, endpoint=True)
            quiet = chance.normal(0, 30, shape)
            flat = np.full(shape, chance.integers(limits.min, limits.max)) + chance.integers(0, 2, shape)
            run.append(np.clip([noise, quiet, flat][index % 3], limits.min, limits.max).astype(DTYPES[kind]))
        runs.append(run)
    return runs


def test_the_digits_model_gives_the_bytes_of_the_wheel_on_all_test_images(wheel: Wheel) -> None:
    model = nn.Model(DIGITS.read_bytes())
    runs = [[image] for image in images()[0]]
    assert [model.predict(run) for run in runs] == wheel.run(DIGITS.read_bytes(), runs)


def test_the_digits_model_gives_the_bytes_of_the_wheel_on_inputs_beyond_its_range(wheel: Wheel) -> None:
    model = nn.Model(DIGITS.read_bytes())
    runs = random_inputs(model, 600)
    assert [model.predict(run) for run in runs] == wheel.run(DIGITS.read_bytes(), runs)


def test_the_digits_model_is_right_in_98_of_100_test_images() -> None:
    model = nn.Model(DIGITS.read_bytes())
    pixels, labels = images()
    answers = [int(np.frombuffer(model.predict([image])[0], np.int8).argmax()) for image in pixels]
    assert np.mean(np.array(answers) == labels) >= 0.98


@pytest.mark.slow
def test_the_trainer_makes_the_same_bytes_again_with_one_thread(tmp_path: Path) -> None:
    made = tmp_path / "digits.tflite"
    command = [sys.executable, str(DIGITS.with_name("train.py")), "--output", str(made)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    assert made.read_bytes() == DIGITS.read_bytes()


@pytest.mark.parametrize(
    "path", sorted(MODELS.glob("**/*.tflite")) or [pytest.param(MODELS, marks=ABSENT)], ids=lambda path: str(path.stem)
)
def test_a_model_of_others_gives_the_bytes_of_the_wheel(wheel: Wheel, path: Path) -> None:
    data = path.read_bytes()
    try:
        model = nn.Model(data)
    except nn.Error as error:
        pytest.skip(f"{path.name} of the models folder needs what the engine does not have: {error}")
    runs = random_inputs(model, 60 if len(data) < 100_000 else 15)
    assert [model.predict(run) for run in runs] == wheel.run(data, runs)


@pytest.mark.skipif(not any(MODELS.glob("**/*.tflite")), reason=str(ABSENT.kwargs["reason"]))
def test_the_known_models_of_others_are_among_those_that_run() -> None:
    """Guards the test above against skipping everything."""
    running = 0
    for path in MODELS.glob("**/*.tflite"):
        try:
            nn.Model(path.read_bytes())
            running += 1
        except nn.Error:
            continue
    assert running > 0


@pytest.mark.parametrize(("model", "error"), refused(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_damaged_model_is_refused_with_operator_and_reason(model: bytes, error: str) -> None:
    with pytest.raises(nn.Error) as caught:
        nn.Model(model)
    assert str(caught.value) == error


def test_the_fixtures_of_the_dual_tests_are_current() -> None:
    tool = ROOT / "tools/make_nn_fixtures.py"
    assert subprocess.run([sys.executable, str(tool), "--check"]).returncode == 0, f"run {tool.name}"
