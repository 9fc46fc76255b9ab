#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the digits model and writes digits.tflite next to this file; prints its accuracy as JSON.

    train.py [--output FILE]

Needs numpy, scikit-learn (for its bundled data), flatbuffers and tflite-micro (for its schema classes); no network. The
same bytes come out on each run: seeds are fixed, arithmetic is float64, and weights are rounded to a grid after each
step, so that the last bits of another BLAS do not grow into other weights.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from export import export
from layers import Array, Conv, Dense
from quantise import quantise
from sklearn.datasets import load_digits

TRAINING_IMAGES = 1297
CALIBRATION_IMAGES = 400
EPOCHS, BATCH, RATE = 30, 32, 2e-3
NOISE = 0.1  # standard deviation added to training pixels; found on 297 of the training images, not on the test images
GRID = 2.0**24
SEED = 0


def split() -> tuple[Array, Array, Array, Array]:
    """Training images and labels, test images and labels; pixels are 0 to 16 as in the data set."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images, labels = digits.images[order][..., None], digits.target[order]
    n = TRAINING_IMAGES
    return images[:n], labels[:n], images[n:], labels[n:]


def network(random: np.random.Generator) -> list[Dense]:
    return [
        Conv(1, 8, kernel=3, stride=1, relu=True, random=random),
        Conv(8, 16, kernel=3, stride=2, relu=True, random=random),
        Dense(4 * 4 * 16, 10, relu=False, random=random),
    ]


def forward(layers: Sequence[Dense], x: Array) -> Array:
    for layer in layers:
        x = layer.forward(x)
    return x


class Adam:
    """Adam (Kingma and Ba, 2015), with weights kept on the grid."""

    def __init__(self, layers: Sequence[Dense]) -> None:
        self.layers = layers
        self.moments = {(i, name): (0.0, 0.0) for i in range(len(layers)) for name in ("weights", "bias")}
        self.count = 0

    def step(self, rate: float) -> None:
        self.count += 1
        for (i, name), (mean, square) in self.moments.items():
            layer = self.layers[i]
            gradient = getattr(layer, name + "_gradient")
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.999 * square + 0.001 * gradient**2
            self.moments[i, name] = (mean, square)
            change = mean / (1 - 0.9**self.count) / (np.sqrt(square / (1 - 0.999**self.count)) + 1e-8)
            setattr(layer, name, np.rint((getattr(layer, name) - rate * change) * GRID) / GRID)


def loss_gradient(scores: Array, labels: Array) -> Array:
    """Of the mean cross-entropy after a softmax."""
    shares: Array = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(labels)), labels] -= 1
    shares /= len(labels)
    return shares


def train(images: Array, labels: Array) -> list[Dense]:
    random = np.random.default_rng(SEED)
    layers = network(random)
    optimiser = Adam(layers)
    for epoch in range(EPOCHS):
        order = random.permutation(len(images))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            noisy = images[batch] / 16 + random.normal(0, NOISE, images[batch].shape)
            gradient = loss_gradient(forward(layers, np.clip(noisy, 0, 1)), labels[batch])
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
            optimiser.step(RATE * (1 - epoch / EPOCHS))
    return layers


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the digits model.")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("digits.tflite"))
    options = parser.parse_args()
    images, labels, test_images, test_labels = split()
    layers = train(images, labels)
    correct = int((forward(layers, test_images / 16).argmax(axis=1) == test_labels).sum())
    model = export(quantise(layers, images[:CALIBRATION_IMAGES] / 16))
    options.output.write_bytes(model)
    print(json.dumps({"bytes": len(model), "test_images": len(test_labels), "correct_float": correct}))


if __name__ == "__main__":
    main()
