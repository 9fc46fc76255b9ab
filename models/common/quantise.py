# SPDX-License-Identifier: Apache-2.0
"""Post-training quantisation to int8, by TensorFlow Lite's rules (its "8-bit quantization specification").

Weights are symmetric: by output channel for a convolution, by tensor for a fully connected layer. Activations have one
scale and zero point, found from the range that they take on calibration images. Biases are int32 in units of
(input scale * weight scale).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .layers import Array, Conv, Dense, Pair


@dataclass(frozen=True)
class Units:
    """What the integers of a tensor stand for: (integer - zero_point) * scale."""

    scale: np.float32
    zero_point: int

    def quantise(self, values: Array) -> NDArray[np.int8]:
        """The nearest int8 of each value."""
        return np.clip(np.rint(values / float(self.scale)) + self.zero_point, -128, 127).astype(np.int8)

    def value(self, integers: NDArray[np.int8]) -> Array:
        return (integers.astype(np.float64) - self.zero_point) * float(self.scale)


@dataclass(frozen=True)
class Layer:
    """A quantised layer; `stride` is None for a fully connected one. Weights as TensorFlow Lite stores them:
    (output, kernel row, kernel column, channel) or (output, input)."""

    weights: NDArray[np.int8]
    weight_scales: NDArray[np.float32]
    bias: NDArray[np.int32]
    bias_scales: NDArray[np.float32]
    output: Units
    output_shape: tuple[int, ...]
    relu: bool
    stride: Pair | None


def activation_range(values: Array) -> Units:
    """Units of an int8 tensor that holds `values`, and zero exactly."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    scale = np.float32((high - low) / 255)
    return Units(scale, int(np.clip(round(-128 - low / float(scale)), -128, 127)))


def weights_of(layer: Dense) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    rows = layer.weights.T
    largest = np.abs(rows).max(axis=1) if isinstance(layer, Conv) else np.abs(rows).max(keepdims=True)[0]
    scales = (largest / 127).astype(np.float32)
    quantised = np.clip(np.rint(rows / scales[:, None].astype(np.float64)), -127, 127).astype(np.int8)
    if isinstance(layer, Conv):
        quantised = quantised.reshape(layer.outputs, *layer.kernel, layer.channels)
    return quantised, scales


def quantise(layers: Sequence[Dense], calibration: Array, units: Units) -> list[Layer]:
    """The layers in int8, with activation ranges seen on calibration inputs (batch, ...) whose integers have `units`."""
    quantised = []
    scale, x = units.scale, calibration
    for layer in layers:
        x = layer.forward(x)
        weights, weight_scales = weights_of(layer)
        bias_scales = scale * weight_scales
        bias = np.rint(layer.bias / bias_scales.astype(np.float64)).astype(np.int32)
        output, shape = activation_range(x), (1, *x.shape[1:])
        stride = layer.stride if isinstance(layer, Conv) else None
        quantised.append(Layer(weights, weight_scales, bias, bias_scales, output, shape, layer.relu, stride))
        scale = output.scale
    return quantised
