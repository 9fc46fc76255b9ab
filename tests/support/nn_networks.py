# SPDX-License-Identifier: Apache-2.0
"""Whole networks of known shapes with random weights: for tests of memory and for the bench."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.support.nn_builder import Tensor, constant, graph, options

Step = tuple[str, list[int], int, Any]


class Network:
    """Grows by layers; the methods take and give indexes of tensors. Scales keep activations in the middle of int8."""

    def __init__(self, shape: tuple[int, ...], seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.tensors = [Tensor(shape, 0.05, -3)]
        self.steps: list[Step] = []

    def _add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _weights(self, shape: tuple[int, ...], axis: int) -> int:
        scales = self.chance.uniform(0.002, 0.01, shape[axis]).astype(np.float32).tolist()
        return self._add(Tensor(shape, scales, value=self.chance.integers(-127, 128, shape, np.int8), axis=axis))

    def _step(self, name: str, inputs: list[int], shape: tuple[int, ...], scale: float, zero: int, table: Any) -> int:
        output = self._add(Tensor(shape, scale, zero))
        self.steps.append((name, inputs, output, table))
        return output

    def _layer(self, name: str, source: int, weights: tuple[int, ...], axis: int, stride: int, table: Any) -> int:
        _, height, width, _ = self.tensors[source].shape
        rows = weights[axis]
        products = int(np.prod(weights)) // rows
        bias = self._add(constant(self.chance.integers(-1000, 1000, rows)))
        shape = (1, -(-height // stride), -(-width // stride), rows)
        return self._step(name, [source, self._weights(weights, axis), bias], shape, 0.01 * products**0.5, -128, table)

    def convolution(self, source: int, rows: int, kernel: int, stride: int = 1) -> int:
        table = options("Conv2DOptions", strideH=stride, strideW=stride, fusedActivationFunction=1)
        depth = self.tensors[source].shape[3]
        return self._layer("CONV_2D", source, (rows, kernel, kernel, depth), 0, stride, table)

    def depthwise(self, source: int, kernel: int, stride: int = 1) -> int:
        table = options("DepthwiseConv2DOptions", strideH=stride, strideW=stride, depthMultiplier=1, fusedActivationFunction=1)
        depth = self.tensors[source].shape[3]
        return self._layer("DEPTHWISE_CONV_2D", source, (1, kernel, kernel, depth), 3, stride, table)

    def addition(self, left: int, right: int) -> int:
        table = options("AddOptions", fusedActivationFunction=1)
        return self._step("ADD", [left, right], self.tensors[left].shape, 0.2, -128, table)

    def classifier(self, source: int, classes: int) -> bytes:
        """Average pool over the whole image, fully connected layer, softmax; the finished model."""
        old = self.tensors[source]
        _, height, width, depth = old.shape
        table = options("Pool2DOptions", strideH=height, strideW=width, filterHeight=height, filterWidth=width, padding=1)
        pooled = self._step("AVERAGE_POOL_2D", [source], (1, 1, 1, depth), float(old.scale), old.zero_point, table)  # type: ignore[arg-type]
        flat = self._step(
            "RESHAPE", [pooled, self._add(constant([1, depth]))], (1, depth), float(old.scale), old.zero_point,  # type: ignore[arg-type]
            options("ReshapeOptions"),
        )  # fmt: skip
        weights = self._add(Tensor((classes, depth), 0.01, value=self.chance.integers(-127, 128, (classes, depth), np.int8)))
        bias = self._add(constant(self.chance.integers(-1000, 1000, classes)))
        sums = self._step("FULLY_CONNECTED", [flat, weights, bias], (1, classes), 0.1, 0, options("FullyConnectedOptions"))
        last = self._step("SOFTMAX", [sums], (1, classes), 1 / 256, -128, options("SoftmaxOptions", beta=1.0))
        return graph(self.tensors, self.steps, [last])


def mobilenet(size: int = 96, seed: int = 1) -> bytes:
    """MobileNetV1 with width 0.25 on `size` x `size` x 3, two classes."""
    net = Network((1, size, size, 3), seed)
    tensor = net.convolution(0, 8, 3, 2)
    for stride, rows in [(1, 16), (2, 32), (1, 32), (2, 64), (1, 64), (2, 128), *[(1, 128)] * 5, (2, 256), (1, 256)]:
        tensor = net.convolution(net.depthwise(tensor, 3, stride), rows, 1)
    return net.classifier(tensor, 2)


def resnet(seed: int = 2) -> bytes:
    """ResNet-8 on 32 x 32 x 3, ten classes."""
    net = Network((1, 32, 32, 3), seed)
    tensor = net.convolution(0, 16, 3)
    for stride, rows in [(1, 16), (2, 32), (2, 64)]:
        straight = net.convolution(net.convolution(tensor, rows, 3, stride), rows, 3)
        tensor = net.addition(straight, net.convolution(tensor, rows, 1, stride) if stride > 1 else tensor)
    return net.classifier(tensor, 10)


def small() -> bytes:
    """One layer of each kind, quantised by channel."""
    net = Network((1, 8, 8, 3), 5)
    tensor = net.convolution(0, 8, 3, 2)
    return net.classifier(net.convolution(net.depthwise(tensor, 3), 12, 1), 3)
