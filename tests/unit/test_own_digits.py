# SPDX-License-Identifier: Apache-2.0
"""The fully connected digits model: the bytes of the wheel on all test images, its accuracy, its trainer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from tests.support.nn_builder import Wheel
from tests.support.own_models import OWN, here, on_micropython, trained

MLP = OWN / "digits/digits_mlp.tflite"
ORDER = np.random.default_rng(0).permutation(1797)[1297:]
IMAGES = load_digits().images[ORDER].astype(np.int8)[:, None, :, :, None]


def test_it_gives_the_bytes_of_the_wheel_on_all_test_images() -> None:
    wheel = Wheel()
    try:
        outputs = wheel.run(MLP.read_bytes(), [[image] for image in IMAGES])
    finally:
        wheel.close()
    assert [[output.tobytes()] for output in here(MLP, IMAGES)] == outputs


def test_micropython_gives_the_same_bytes_on_all_test_images(tmp_path: Path) -> None:
    assert np.array_equal(on_micropython(MLP, IMAGES, tmp_path), here(MLP, IMAGES))


def test_it_reads_as_many_test_images_as_its_card_says() -> None:
    assert (here(MLP, IMAGES).argmax(axis=1) == load_digits().target[ORDER]).sum() == 487


def test_its_trainer_makes_the_same_bytes_again_with_one_thread(tmp_path: Path) -> None:
    assert trained("digits/train.py", tmp_path / "made", "--network", "mlp") == MLP.read_bytes()
