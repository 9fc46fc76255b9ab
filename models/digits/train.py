#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a digits model and writes it next to this file; prints its accuracy as JSON.

    train.py [--network cnn|mlp] [--output FILE]

Needs numpy, scikit-learn (for its bundled data), flatbuffers and tflite-micro (for its schema classes); no network. The
same bytes come out on each run: see common/training.py.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common.export import Names, export
from common.layers import Array, Conv, Dense
from common.quantise import Units, quantise
from common.training import Plan, cross_entropy_gradient, fit, forward

TRAINING_IMAGES = 1297
CALIBRATION_IMAGES = 400
NOISE = 0.1  # standard deviation added to training pixels; found on 297 of the training images, not on the test images
SEED = 0
FILES = {"cnn": "digits.tflite", "mlp": "digits_mlp.tflite"}
NAMES = Names("digits", "Motet digits: handwritten digits 0-9, 8x8 pixels of 0-16", "image", "probabilities")
#: A pixel of 0 to 16 stands for pixel / 16: the input of the model is the pixel value as it is.
PIXELS = Units(np.float32(1 / 16), 0)


def split() -> tuple[Array, Array, Array, Array]:
    """Training images and labels, test images and labels; pixels are 0 to 16 as in the data set."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images, labels = digits.images[order][..., None], digits.target[order]
    n = TRAINING_IMAGES
    return images[:n], labels[:n], images[n:], labels[n:]


def network(kind: str, random: np.random.Generator) -> list[Dense]:
    if kind == "mlp":
        return [Dense(64, 32, relu=True, random=random), Dense(32, 10, relu=False, random=random)]
    return [
        Conv(1, 8, kernel=(3, 3), stride=(1, 1), relu=True, random=random),
        Conv(8, 16, kernel=(3, 3), stride=(2, 2), relu=True, random=random),
        Dense(4 * 4 * 16, 10, relu=False, random=random),
    ]


def noisy(random: np.random.Generator, images: Array, labels: Array) -> tuple[Array, Array]:
    return np.clip(images + random.normal(0, NOISE, images.shape), 0, 1), labels


def train(kind: str, images: Array, labels: Array) -> list[Dense]:
    """Layers trained on pixels of 0 to 16."""
    random = np.random.default_rng(SEED)
    layers = network(kind, random)
    plan = Plan(epochs=30, batch=32, rate=2e-3, gradient=cross_entropy_gradient, disturb=noisy)
    fit(layers, images / 16, labels, plan, random)
    return layers


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a digits model.")
    parser.add_argument("--network", choices=sorted(FILES), default="cnn")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    images, labels, test_images, test_labels = split()
    layers = train(options.network, images, labels)
    correct = int((forward(layers, test_images / 16).argmax(axis=1) == test_labels).sum())
    model = export(quantise(layers, images[:CALIBRATION_IMAGES] / 16, PIXELS), NAMES, (1, 8, 8, 1), PIXELS)
    (options.output or Path(__file__).with_name(FILES[options.network])).write_bytes(model)
    print(json.dumps({"bytes": len(model), "test_images": len(test_labels), "correct_float": correct}))


if __name__ == "__main__":
    main()
