# SPDX-License-Identifier: Apache-2.0
"""Models that must be refused, each with the error that says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tests.support import nn_int8, nn_signal, nn_state, nn_wide
from tests.support.nn_builder import KINDS, Tensor, constant, graph, one_operator, options, pack, unpack
from tests.support.nn_mutations import seeds

CONV, DEPTHWISE, DENSE, POOL, _, SOFTMAX, ADD, MEAN, PAD, TRANSPOSE, RESHAPE, QUANTIZE, SEVERAL = range(13)


def _tensors(model: Any) -> Any:
    return model.subgraphs[0].tensors


def _operator(model: Any) -> Any:
    return model.subgraphs[0].operators[0]


def _scale(value: float) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        _tensors(model)[0].quantization.scale = np.array([value], np.float32)

    return change


def _zero_point(value: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        _tensors(model)[0].quantization.zeroPoint = np.array([value], np.int64)

    return change


def _shape(tensor: int, *shape: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        _tensors(model)[tensor].shape = list(shape)

    return change


def _option(name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(_operator(model).builtinOptions, name, value)


def _wire(name: str, *tensors: int) -> Callable[[Any], None]:
    return lambda model: setattr(_operator(model), name, list(tensors))


def _set(path: Callable[[Any], Any], name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(path(model), name, value)


def _value(tensor: int, *values: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        model.buffers[_tensors(model)[tensor].buffer].data = np.frombuffer(np.array(values, np.int32).tobytes(), np.uint8)

    return change


def _two_graphs(model: Any) -> None:
    model.subgraphs.append(model.subgraphs[0])


def _code(number: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = number

    return change


#: seed, change, error
CHANGES: list[tuple[int, Callable[[Any], None], str]] = [
    (CONV, _code(127), "operator 0 (builtin 127): operator is not supported"),
    (CONV, _option("strideH", 0), "operator 0 (CONV_2D): stride or dilation below 1"),
    (CONV, _option("strideW", 256), "operator 0 (CONV_2D): stride or dilation above 255"),
    (CONV, _option("padding", 2), "operator 0 (CONV_2D): padding is neither SAME nor VALID"),
    (CONV, _option("fusedActivationFunction", 4),
     "operator 0 (CONV_2D): fused activation other than RELU, RELU6 and RELU_N1_TO_1"),
    (CONV, _shape(3, 1, 6, 4, 4), "operator 0 (CONV_2D): output shape does not follow from the input shape"),
    (CONV, _shape(0, 1, 6, 5, 4), "operator 0 (CONV_2D): weights do not fit the channels"),
    (CONV, _shape(0, 1, 6, -5, 3), "operator 0 (CONV_2D): tensor has a dimension below 1"),
    (CONV, _shape(0, 1, 65536, 65536, 3), "operator 0 (CONV_2D): tensor has 16 MiB or more"),
    (CONV, _shape(0, *[1] * 7), "operator 0 (CONV_2D): tensor has more than 6 dimensions"),
    (CONV, _shape(1, 4, 3, 3, 4), "operator 0 (CONV_2D): buffer is shorter than its tensor"),
    (CONV, _shape(2, 3), "operator 0 (CONV_2D): bias does not have one value for each channel"),
    (CONV, _value(2, 2**31 - 1, 0, 0, 0), "operator 0 (CONV_2D): sums that could overflow 32 bits"),
    (CONV, _scale(float("nan")), "operator 0 (CONV_2D): scale is not a positive finite number"),
    (CONV, _scale(float("inf")), "operator 0 (CONV_2D): scale is not a positive finite number"),
    (CONV, _scale(0.0), "operator 0 (CONV_2D): scale is not a positive finite number"),
    (CONV, _scale(-0.1), "operator 0 (CONV_2D): scale is not a positive finite number"),
    (CONV, _scale(1e30), "operator 0 (CONV_2D): ratio of scales is too large"),
    (CONV, _zero_point(128), "operator 0 (CONV_2D): zero point outside the range of its type"),
    (CONV, _set(lambda m: _tensors(m)[1].quantization, "quantizedDimension", 1),
     "operator 0 (CONV_2D): count of scales is not the count of channels"),
    (CONV, _set(lambda m: _tensors(m)[0], "type", KINDS.FLOAT64), "operator 0 (CONV_2D): tensor of a type that is not supported"),
    (CONV, _set(lambda m: _tensors(m)[0], "type", KINDS.UINT8), "operator 0 (CONV_2D): activation that is not int8"),
    (CONV, _set(lambda m: _tensors(m)[0], "isVariable", True),
     "operator 0 (CONV_2D): variable tensor that is not the state of its operator"),
    (CONV, _set(lambda m: _tensors(m)[1], "buffer", 99), "operator 0 (CONV_2D): tensor names a buffer that does not exist"),
    (CONV, _set(lambda m: _tensors(m)[1], "buffer", 0), "operator 0 (CONV_2D): weights that are not constant int8"),
    (CONV, _wire("inputs", 0), "operator 0 (CONV_2D): wrong number of inputs"),
    (CONV, _wire("inputs", 0, 99, 2), "operator 0 (CONV_2D): tensor index out of range"),
    (CONV, _shape(0, 2, 3, 5, 3), "operator 0 (CONV_2D): input and output are not images of the same batch"),
    (CONV, _wire("outputs", 3, 3), "operator 0 (CONV_2D): wrong number of outputs"),
    (CONV, _wire("outputs"), "operator 0 (CONV_2D): wrong number of outputs"),
    (CONV, _set(_operator, "opcodeIndex", 7), "operator 0 (builtin -1): operator code does not exist"),
    (CONV, _set(_operator, "builtinOptionsType", 9), "operator 0 (CONV_2D): options of another operator"),
    (CONV, _two_graphs, "more than one subgraph"),
    (CONV, _set(lambda m: m, "version", 2), "schema version other than 3"),
    (CONV, _set(lambda m: m.subgraphs[0], "inputs", []), "graph without inputs, outputs or operators"),
    (CONV, _set(lambda m: m.subgraphs[0], "inputs", [1]), "constant tensor is written"),
    (CONV, _set(lambda m: m.subgraphs[0], "outputs", [1]), "output of the graph is a constant"),
    (DEPTHWISE, _option("depthMultiplier", 3), "operator 0 (DEPTHWISE_CONV_2D): depth multiplier does not fit the channels"),
    (DENSE, _option("weightsFormat", 1), "operator 0 (FULLY_CONNECTED): shuffled weights"),
    (DENSE, _shape(1, 5, 72), "operator 0 (FULLY_CONNECTED): weights do not fit input and output"),
    (POOL, _option("filterWidth", 0), "operator 0 (AVERAGE_POOL_2D): kernel size outside 1 to 65535"),
    (SOFTMAX, _option("beta", float("nan")), "operator 0 (SOFTMAX): beta is not a positive number"),
    (ADD, _shape(1, 1, 3), "operator 0 (ADD): output shape does not follow from the input shapes"),
    (MEAN, _value(1, 1, 4), "operator 0 (MEAN): axis out of range"),
    (PAD, _value(1, 0, 1, -2, 7), "operator 0 (PAD): output shape does not follow from the padding"),
    (TRANSPOSE, _value(1, 0, 3, 1, 1), "operator 0 (TRANSPOSE): axes are not a permutation"),
    (TRANSPOSE, _value(1, 0, 3, 2, 1), "operator 0 (TRANSPOSE): output shape does not follow from the permutation"),
    (RESHAPE, _shape(2, 1, 91), "operator 0 (RESHAPE): input and output have different counts of elements"),
    (QUANTIZE, _set(lambda m: _tensors(m)[1], "type", KINDS.FLOAT32), "operator 0 (QUANTIZE): activation without a scale"),
]  # fmt: skip


def wirings() -> Iterator[tuple[bytes, str]]:
    """Graphs whose operators do not follow one another."""
    row = Tensor((1, 4), 0.1)
    add = options("AddOptions")
    early = [("ADD", [0, 1], 2, add), ("ADD", [0, 0], 1, add)]
    yield graph([row, row, row], early, [2]), "operator 0 (ADD): tensor is read before it is written"
    twice = [("ADD", [0, 0], 1, add), ("ADD", [0, 0], 1, add)]
    yield graph([row, row], twice, [1]), "operator 1 (ADD): tensor is written twice"
    itself = one_operator("RESHAPE", [row, constant([4])], row)
    model = unpack(itself)
    model.subgraphs[0].operators[0].outputs = [0]
    yield pack(model), "operator 0 (RESHAPE): tensor is written twice"


def refused() -> list[tuple[bytes, str]]:
    """Each model with its error."""
    originals = seeds()
    found = []
    for seed, change, error in CHANGES:
        model = unpack(originals[seed])
        change(model)
        found.append((pack(model), error))
    return [*found, *wirings(), *nn_int8.refused(), *nn_signal.refused(), *nn_state.refused(), *nn_wide.refused()]
