# SPDX-License-Identifier: Apache-2.0
"""Models of int16 activations and of float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tests.support.nn_builder import KINDS, NUMPY, Tensor, constant, one_operator, options, pack, unpack

INT16, FLOAT = KINDS.INT16, KINDS.FLOAT32
#: The scale of the outputs of int16 LOGISTIC, TANH and SOFTMAX.
SHARE = 2.0**-15
CONV = options("Conv2DOptions", strideH=1, strideW=2, dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=1)
DEPTHWISE = options(
    "DepthwiseConv2DOptions", strideH=2, strideW=1, depthMultiplier=2, dilationHFactor=1, dilationWFactor=1
)  # fmt: skip
POOL = options("Pool2DOptions", strideH=2, strideW=2, filterHeight=3, filterWidth=2)


def wide(shape: tuple[int, ...], scale: float = 0.001) -> Tensor:
    return Tensor(shape, scale, 0, INT16)


def single(shape: tuple[int, ...], seed: int | None = None) -> Tensor:
    """A float32 input, or with a seed a constant."""
    value = None if seed is None else np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    return Tensor(shape, kind=FLOAT, value=value)


def weights(shape: tuple[int, ...], axis: int | None, seed: int) -> Tensor:
    """int8 weights, quantised by channel along `axis`."""
    random = np.random.default_rng(seed)
    scales = random.uniform(0.001, 0.02, 1 if axis is None else shape[axis]).astype(np.float32).tolist()
    return Tensor(shape, scales, value=random.integers(-127, 128, shape, np.int8), axis=axis or 0)


def bias(count: int, kind: int, seed: int, largest: int = 10**6) -> Tensor:
    values = np.random.default_rng(seed).integers(-largest, largest, count)
    return Tensor((count,), 1e-5, 0, kind, values.astype(NUMPY[kind]))


def int16_seeds() -> dict[str, bytes]:
    image, row = wide((1, 4, 5, 3)), wide((2, 6), 0.0005)
    return {
        "CONV_2D": one_operator("CONV_2D", [image, weights((4, 3, 3, 3), 0, 0), bias(4, KINDS.INT64, 1)],
                                wide((1, 4, 3, 4), 0.02), CONV),
        "CONV_2D of 32 bits": one_operator("CONV_2D", [image, weights((4, 1, 1, 3), None, 0), bias(4, KINDS.INT32, 1)],
                                           wide((1, 4, 3, 4), 0.02), CONV),
        "DEPTHWISE_CONV_2D": one_operator("DEPTHWISE_CONV_2D", [image, weights((1, 2, 2, 6), 3, 0), bias(6, KINDS.INT64, 1)],
                                          wide((1, 2, 5, 6), 0.02), DEPTHWISE),
        "FULLY_CONNECTED": one_operator("FULLY_CONNECTED", [row, weights((5, 6), 0, 0), bias(5, KINDS.INT64, 1)],
                                        wide((2, 5), 0.02), options("FullyConnectedOptions")),
        "ADD": one_operator("ADD", [row, wide((1, 6), 0.0007)], wide((2, 6)), options("AddOptions")),
        "MUL": one_operator("MUL", [row, row], wide((2, 6)), options("MulOptions", fusedActivationFunction=1)),
        "SUB": one_operator("SUB", [row, row], wide((2, 6)), options("SubOptions")),
        "LOGISTIC": one_operator("LOGISTIC", [row], wide((2, 6), SHARE)),
        "TANH": one_operator("TANH", [wide((2, 6), 2.0**-12)], wide((2, 6), SHARE)),
        "SOFTMAX": one_operator("SOFTMAX", [row], wide((2, 6), SHARE), options("SoftmaxOptions", beta=1.0)),
    }  # fmt: skip


def float_seeds() -> dict[str, bytes]:
    image, row = single((1, 4, 5, 3)), single((2, 6))
    return {
        "CONV_2D": one_operator("CONV_2D", [image, single((4, 3, 3, 3), 0), single((4,), 1)], single((1, 4, 3, 4)), CONV),
        "DEPTHWISE_CONV_2D": one_operator("DEPTHWISE_CONV_2D", [image, single((1, 2, 2, 6), 0)], single((1, 2, 5, 6)), DEPTHWISE),
        "FULLY_CONNECTED": one_operator("FULLY_CONNECTED", [row, single((5, 6), 0), single((5,), 1)], single((2, 5)),
                                        options("FullyConnectedOptions")),
        "ADD": one_operator("ADD", [row, single((6,), 0)], row, options("AddOptions")),
        "SUB": one_operator("SUB", [row, single((2, 1))], row, options("SubOptions")),
        "MUL": one_operator("MUL", [row, row], row, options("MulOptions", fusedActivationFunction=3)),
        "RELU": one_operator("RELU", [row], row),
        "RELU6": one_operator("RELU6", [row], row),
        "LOGISTIC": one_operator("LOGISTIC", [row], row),
        "SOFTMAX": one_operator("SOFTMAX", [row], row, options("SoftmaxOptions", beta=1.0)),
        "QUANTIZE": one_operator("QUANTIZE", [row], Tensor((2, 6), 0.1, 3), options("QuantizeOptions")),
        "MEAN": one_operator("MEAN", [image, constant([1, 2])], single((1, 3)), options("ReducerOptions")),
        "AVERAGE_POOL_2D": one_operator("AVERAGE_POOL_2D", [image], single((1, 2, 3, 3)), POOL),
        "MAX_POOL_2D": one_operator("MAX_POOL_2D", [image], single((1, 2, 3, 3)), POOL),
    }  # fmt: skip


def seeds() -> list[bytes]:
    """One small valid model for each operator and type."""
    return [*int16_seeds().values(), *float_seeds().values()]


def _tensor(index: int, name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(model.subgraphs[0].tensors[index], name, value)


def _quantised(index: int, **fields: list[Any]) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        for name, value in fields.items():
            dtype = np.float32 if name == "scale" else np.int64
            setattr(model.subgraphs[0].tensors[index].quantization, name, np.array(value, dtype))

    return change


def _value(index: int, value: list[int], dtype: type) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        buffer = model.buffers[model.subgraphs[0].tensors[index].buffer]
        buffer.data = np.frombuffer(np.array(value, dtype).tobytes(), np.uint8)

    return change


def _option(name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(model.subgraphs[0].operators[0].builtinOptions, name, value)


def _input(slot: int, tensor: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        model.subgraphs[0].operators[0].inputs[slot] = tensor

    return change


def _point(index: int) -> Callable[[Any], None]:
    return _quantised(index, zeroPoint=[1])


#: seed of int16, change, reason
INT16_CHANGES: list[tuple[str, Callable[[Any], None], str]] = [
    ("CONV_2D", _point(0), "int16 activation with a zero point"),
    ("CONV_2D", _tensor(3, "type", KINDS.INT8), "input and output have different types"),
    ("CONV_2D", _tensor(1, "type", KINDS.UINT8), "weights that are not constant or of another type"),
    ("CONV_2D", _tensor(1, "buffer", 0), "weights that are not constant or of another type"),
    ("CONV_2D", _tensor(2, "buffer", 0), "bias that is not constant"),
    ("CONV_2D", _tensor(2, "shape", [3]), "bias does not have one value for each channel"),
    ("CONV_2D", _quantised(1, zeroPoint=[1, 1, 1, 1]), "weights without a scale or with a zero point"),
    ("CONV_2D", _value(2, [2**46 + 1, 0, 0, 0], np.int64), "sums that could overflow"),
    ("CONV_2D", _value(2, [0, 0, -(2**63), 0], np.int64), "sums that could overflow"),
    ("CONV_2D of 32 bits", _value(2, [2**31 - 1, 0, 0, 0], np.int32), "sums that could overflow"),
    ("CONV_2D", _quantised(0, scale=[1000.0]), "ratio of scales is too large"),
    ("CONV_2D of 32 bits", _tensor(1, "shape", [3, 1, 1, 4]), "weights do not fit the channels"),
    ("DEPTHWISE_CONV_2D", _option("depthMultiplier", 3), "depth multiplier does not fit the channels"),
    ("DEPTHWISE_CONV_2D", _option("depthMultiplier", 2**31 - 1), "depth multiplier does not fit the channels"),
    ("DEPTHWISE_CONV_2D", _tensor(2, "type", KINDS.INT32), "bias that is not int64"),
    ("FULLY_CONNECTED", _option("weightsFormat", 1), "shuffled weights"),
    ("FULLY_CONNECTED", _input(0, 1), "activation quantised by channel"),
    ("FULLY_CONNECTED", _tensor(1, "shape", [5, 5]), "weights do not fit input and output"),
    ("ADD", _point(1), "int16 activation with a zero point"),
    ("ADD", _quantised(2, scale=[1e-9]), "ratio of scales is too large"),
    ("ADD", _tensor(1, "type", KINDS.INT8), "activation that is not int16"),
    ("MUL", _quantised(2, scale=[1e-30]), "ratio of scales is too large"),
    ("LOGISTIC", _quantised(0, scale=[3.0]), "scale too large or too small"),
    ("LOGISTIC", _quantised(0, scale=[1e-30]), "scale too large or too small"),
    ("LOGISTIC", _quantised(1, scale=[2.0**-16]), "output whose scale is not 1/32768"),
    ("TANH", _tensor(1, "shape", [2, 5]), "input and output have different shapes"),
    ("SOFTMAX", _quantised(0, scale=[100.0]), "beta times the input's scale is too large"),
    ("SOFTMAX", _quantised(1, scale=[2.0**-14]), "output whose scale is not 1/32768"),
    ("SOFTMAX", _option("beta", -1.0), "beta is not a positive number"),
]  # fmt: skip

#: seed of float32, change, reason
FLOAT_CHANGES: list[tuple[str, Callable[[Any], None], str]] = [
    ("CONV_2D", _tensor(3, "type", KINDS.INT8), "input and output have different types"),
    ("CONV_2D", _tensor(2, "type", KINDS.INT32), "bias that is not float32"),
    ("CONV_2D", _tensor(1, "buffer", 0), "weights that are not constant or of another type"),
    ("CONV_2D", _option("fusedActivationFunction", 4), "fused activation other than RELU, RELU6 and RELU_N1_TO_1"),
    ("CONV_2D", _option("strideH", 0), "stride or dilation below 1"),
    ("FULLY_CONNECTED", _input(0, 1), "input that is constant"),
    ("ADD", _tensor(1, "shape", [5]), "output shape does not follow from the input shapes"),
    ("ADD", _tensor(1, "type", KINDS.INT32), "input and output have different types"),
    ("RELU", _tensor(1, "shape", [2, 5]), "input and output have different shapes"),
    ("LOGISTIC", _tensor(1, "type", KINDS.INT32), "input and output have different types"),
    ("SOFTMAX", _option("beta", float("nan")), "beta is not a positive number"),
    ("QUANTIZE", _tensor(1, "type", KINDS.UINT8), "output that is neither int8 nor int16"),
    ("QUANTIZE", _tensor(1, "shape", [12]), "input and output have different shapes"),
    ("MEAN", _value(1, [1, 4], np.int32), "axis out of range"),
    ("MEAN", _tensor(2, "shape", [1, 2]), "output shape does not follow from the axes"),
    ("MAX_POOL_2D", _option("filterWidth", 0), "kernel size outside 1 to 65535"),
    ("MAX_POOL_2D", _tensor(1, "shape", [1, 2, 3, 2]), "input and output have different channels"),
]  # fmt: skip


def refused() -> Iterator[tuple[bytes, str]]:
    """Models that must be refused, each with its error."""
    for originals, changes in ((int16_seeds(), INT16_CHANGES), (float_seeds(), FLOAT_CHANGES)):
        for seed, change, reason in changes:
            model = unpack(originals[seed])
            change(model)
            yield pack(model), f"operator 0 ({seed.split()[0]}): {reason}"
