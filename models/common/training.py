# SPDX-License-Identifier: Apache-2.0
"""Training that gives the same weights on each run: fixed seeds, float64, and weights on a grid.

Weights are rounded to multiples of 2^-24 after each step, so that the last bits of another BLAS do not grow into other
weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .layers import Array, Dense

GRID = 2.0**24


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


def cross_entropy_gradient(scores: Array, labels: Array) -> Array:
    """Of the mean cross-entropy after a softmax; labels are class numbers."""
    shares: Array = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(labels)), labels] -= 1
    shares /= len(labels)
    return shares


def squared_error_gradient(outputs: Array, targets: Array) -> Array:
    """Of half the mean squared error."""
    return (outputs - targets) / len(targets)


@dataclass(frozen=True)
class Plan:
    """How to train. The rate falls linearly to zero over the epochs; `disturb` changes inputs and targets of a batch."""

    epochs: int
    batch: int
    rate: float
    gradient: Callable[[Array, Array], Array]
    disturb: Callable[[np.random.Generator, Array, Array], tuple[Array, Array]] = lambda random, x, y: (x, y)


def fit(layers: Sequence[Dense], inputs: Array, targets: Array, plan: Plan, random: np.random.Generator) -> None:
    """Trains the layers in place."""
    optimiser = Adam(layers)
    for epoch in range(plan.epochs):
        order = random.permutation(len(inputs))
        for start in range(0, len(order), plan.batch):
            batch = order[start : start + plan.batch]
            x, y = plan.disturb(random, inputs[batch], targets[batch])
            gradient = plan.gradient(forward(layers, x), y)
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
            optimiser.step(plan.rate * (1 - epoch / plan.epochs))
