#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the classifier of SYNTHETIC vibrations and writes synthetic_vibration.tflite next to this file; prints its accuracy.

    train.py [--output FILE]

Needs numpy, flatbuffers and tflite-micro (for its schema classes); no network, no data but the simulation. The same bytes
come out on each run: see common/training.py.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common.export import Names, export
from common.layers import Array, Conv, Dense
from common.quantise import quantise
from common.training import Plan, cross_entropy_gradient, fit, forward
from dataset import BEYOND, STEPS, TEST, TEST_SEED, TRAINING, TRAINING_SEED, WORLD, values, windows
from machine import CLASSES, SAMPLES

SEED = 0
NOISE_G = 0.05
CALIBRATION_WINDOWS = 400
DESCRIPTION = "Motet vibration, trained on SYNTHETIC data of a simulated machine: " + ", ".join(CLASSES)
NAMES = Names("synthetic_vibration", DESCRIPTION, "acceleration_g", "probabilities_synthetic")


def network(random: np.random.Generator) -> list[Dense]:
    return [
        Conv(1, 8, kernel=(1, 16), stride=(1, 4), relu=True, random=random),
        Conv(8, 16, kernel=(1, 8), stride=(1, 4), relu=True, random=random),
        Conv(16, 16, kernel=(1, 4), stride=(1, 4), relu=True, random=random),
        Dense(8 * 16, len(CLASSES), relu=False, random=random),
    ]


def noisy(random: np.random.Generator, inputs: Array, labels: Array) -> tuple[Array, Array]:
    """More noise than the machines have, of another loudness for each window."""
    loudness = random.uniform(0, NOISE_G, (len(inputs), 1, 1, 1))
    return inputs + loudness * random.standard_normal(inputs.shape), labels


def train(inputs: Array, labels: Array) -> list[Dense]:
    """Layers trained on windows in g."""
    random = np.random.default_rng(SEED)
    layers = network(random)
    plan = Plan(epochs=16, batch=16, rate=4e-3, gradient=cross_entropy_gradient, disturb=noisy)
    fit(layers, inputs, labels, plan, random)
    return layers


def correct(layers: list[Dense], inputs: Array, labels: Array) -> int:
    return int((forward(layers, inputs).argmax(axis=1) == labels).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the classifier of synthetic vibrations.")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("synthetic_vibration.tflite"))
    options = parser.parse_args()
    steps, labels = windows(WORLD, TRAINING, TRAINING_SEED)
    layers = train(values(steps), labels)
    model = export(quantise(layers, values(steps[:CALIBRATION_WINDOWS]), STEPS), NAMES, (1, 1, SAMPLES, 1), STEPS)
    options.output.write_bytes(model)
    found: dict[str, object] = {"data": "SYNTHETIC, of a simulated machine", "bytes": len(model), "test_windows": TEST}
    for name, world in {"test": WORLD, **BEYOND}.items():
        test_steps, test_labels = windows(world, TEST, TEST_SEED)
        found[f"correct_float_{name}"] = correct(layers, values(test_steps), test_labels)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
