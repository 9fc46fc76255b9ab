# SPDX-License-Identifier: Apache-2.0
"""Two layers with their gradients, in float64: convolution and fully connected layer, both with optional ReLU.

Images are (batch, height, width, channels); a series is an image of one row. Weights are matrices (inputs, outputs); a
convolution's inputs are ordered (kernel row, kernel column, channel).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pair = tuple[int, int]


class Dense:
    """A matrix product. Inputs of any shape are flattened."""

    def __init__(self, inputs: int, outputs: int, relu: bool, random: np.random.Generator) -> None:
        self.weights: Array = random.standard_normal((inputs, outputs)) * np.sqrt(2 / inputs)
        self.bias: Array = np.zeros(outputs)
        self.relu = relu

    def forward(self, x: Array) -> Array:
        self.input_shape = x.shape
        return self.product(x.reshape(len(x), -1))

    def product(self, rows: Array) -> Array:
        self.rows = rows
        self.sums = rows @ self.weights + self.bias
        return np.maximum(self.sums, 0) if self.relu else self.sums

    def backward(self, gradient: Array) -> Array:
        """Gradient for the input; keeps the gradients of weights and bias."""
        return self.product_backward(gradient).reshape(self.input_shape)

    def product_backward(self, gradient: Array) -> Array:
        own = gradient * (self.sums > 0) if self.relu else gradient
        self.weights_gradient = self.rows.T @ own
        self.bias_gradient = own.sum(axis=0)
        return own @ self.weights.T


class Conv(Dense):
    """A convolution with SAME padding, as a product with the patches under the kernel; kernel and stride are
    (rows, columns)."""

    def __init__(self, channels: int, outputs: int, kernel: Pair, stride: Pair, relu: bool, random: np.random.Generator) -> None:
        super().__init__(kernel[0] * kernel[1] * channels, outputs, relu, random)
        self.channels, self.outputs, self.kernel, self.stride = channels, outputs, kernel, stride

    def forward(self, x: Array) -> Array:
        batch, height, width, _ = self.input_shape = x.shape
        self.size = (-(-height // self.stride[0]), -(-width // self.stride[1]))
        self.padding = [self._pad(extent, axis) for axis, extent in enumerate((height, width))]
        padded = np.pad(x, ((0, 0), *self.padding, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.kernel, axis=(1, 2))
        windows = windows[:, :: self.stride[0], :: self.stride[1]]  # (batch, rows, columns, channel, kernel row, kernel column)
        patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(batch * self.size[0] * self.size[1], -1)
        return self.product(patches).reshape(batch, *self.size, self.outputs)

    def _pad(self, extent: int, axis: int) -> Pair:
        """TensorFlow's SAME rule: the odd pixel goes after the image."""
        total = max((self.size[axis] - 1) * self.stride[axis] + self.kernel[axis] - extent, 0)
        return total // 2, total - total // 2

    def backward(self, gradient: Array) -> Array:
        batch, height, width, channels = self.input_shape
        (top, bottom), (left, right) = self.padding
        (rows, columns), (down, across) = self.size, self.stride
        patches = self.product_backward(gradient.reshape(-1, self.outputs))
        patches = patches.reshape(batch, rows, columns, *self.kernel, channels)
        padded = np.zeros((batch, top + height + bottom, left + width + right, channels))
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                covered = padded[:, i : i + rows * down : down, j : j + columns * across : across]
                covered += patches[:, :, :, i, j]
        return padded[:, top : top + height, left : left + width]
