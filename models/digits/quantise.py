# SPDX-License-Identifier: Apache-2.0
"""Post-training quantisation to int8, by TensorFlow Lite's rules (its "8-bit quantization specification").

Weights are symmetric: by output channel for a convolution, by tensor for a fully connected layer. Activations have one
scale and zero point, found from the range that they take on calibration images. Biases are int32 in units of
(input scale * weight scale).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from layers import Array, Conv, Dense
from numpy.typing import NDArray

#: A pixel of 0 to 16 stands for pixel / 16: the input of the model is the pixel value as it is.
INPUT_SCALE = np.float32(1 / 16)
INPUT_ZERO_POINT = 0


@dataclass(frozen=True)
class Layer:
    """A quantised layer; `stride` is 0 for a fully connected one. Weights as TensorFlow Lite stores them:
    (output, kernel row, kernel column, channel) or (output, input)."""

    weights: NDArray[np.int8]
    weight_scales: NDArray[np.float32]
    bias: NDArray[np.int32]
    bias_scales: NDArray[np.float32]
    output_scale: np.float32
    output_zero_point: int
    output_shape: tuple[int, ...]
    relu: bool
    stride: int


def activation_range(values: Array) -> tuple[np.float32, int]:
    """Scale and zero point of an int8 tensor that holds `values`, and zero exactly."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    scale = np.float32((high - low) / 255)
    return scale, int(np.clip(round(-128 - low / float(scale)), -128, 127))


def weights_of(layer: Dense) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    rows = layer.weights.T
    largest = np.abs(rows).max(axis=1) if isinstance(layer, Conv) else np.abs(rows).max(keepdims=True)[0]
    scales = (largest / 127).astype(np.float32)
    quantised = np.clip(np.rint(rows / scales[:, None].astype(np.float64)), -127, 127).astype(np.int8)
    if isinstance(layer, Conv):
        quantised = quantised.reshape(layer.outputs, layer.kernel, layer.kernel, layer.channels)
    return quantised, scales


def quantise(layers: Sequence[Dense], calibration: Array) -> list[Layer]:
    """The layers in int8, with activation ranges seen on the calibration images (batch, height, width, channels)."""
    quantised = []
    scale, x = INPUT_SCALE, calibration
    for layer in layers:
        x = layer.forward(x)
        weights, weight_scales = weights_of(layer)
        bias_scales = scale * weight_scales
        bias = np.rint(layer.bias / bias_scales.astype(np.float64)).astype(np.int32)
        output_scale, zero_point = activation_range(x)
        stride = layer.stride if isinstance(layer, Conv) else 0
        quantised.append(
            Layer(weights, weight_scales, bias, bias_scales, output_scale, zero_point, (1, *x.shape[1:]), layer.relu, stride)
        )
        scale = output_scale
    return quantised
