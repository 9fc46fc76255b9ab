# SPDX-License-Identifier: Apache-2.0
"""Two layers with their gradients, in float64: a convolution and a fully connected layer, both with optional ReLU.

Images are (batch, height, width, channels). Weights are matrices (inputs, outputs); a convolution's inputs are ordered
(kernel row, kernel column, channel).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
    """A square convolution with SAME padding, as a product with the patches under the kernel."""

    def __init__(self, channels: int, outputs: int, kernel: int, stride: int, relu: bool, random: np.random.Generator) -> None:
        super().__init__(kernel * kernel * channels, outputs, relu, random)
        self.channels, self.outputs, self.kernel, self.stride = channels, outputs, kernel, stride

    def forward(self, x: Array) -> Array:
        batch, height, width, _ = self.input_shape = x.shape
        self.size = (-(-height // self.stride), -(-width // self.stride))
        self.padding = [self._pad(extent, out) for extent, out in zip((height, width), self.size, strict=True)]
        padded = np.pad(x, ((0, 0), *self.padding, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (self.kernel, self.kernel), axis=(1, 2))
        windows = windows[:, :: self.stride, :: self.stride]  # (batch, rows, columns, channel, kernel row, kernel column)
        patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(batch * self.size[0] * self.size[1], -1)
        return self.product(patches).reshape(batch, *self.size, self.outputs)

    def _pad(self, extent: int, out: int) -> tuple[int, int]:
        """TensorFlow's SAME rule: the odd pixel goes after the image."""
        total = max((out - 1) * self.stride + self.kernel - extent, 0)
        return total // 2, total - total // 2

    def backward(self, gradient: Array) -> Array:
        batch, height, width, channels = self.input_shape
        (top, bottom), (left, right) = self.padding
        rows, columns = self.size
        patches = self.product_backward(gradient.reshape(-1, self.outputs))
        patches = patches.reshape(batch, rows, columns, self.kernel, self.kernel, channels)
        padded = np.zeros((batch, top + height + bottom, left + width + right, channels))
        for i in range(self.kernel):
            for j in range(self.kernel):
                covered = padded[:, i : i + rows * self.stride : self.stride, j : j + columns * self.stride : self.stride]
                covered += patches[:, :, :, i, j]
        return padded[:, top : top + height, left : left + width]
