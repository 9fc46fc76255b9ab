# SPDX-License-Identifier: Apache-2.0
"""Writes quantised layers as a TensorFlow Lite model: the layers, then SOFTMAX."""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from quantise import INPUT_SCALE, INPUT_ZERO_POINT, Layer
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

DESCRIPTION = "Motet digits: handwritten digits 0-9, 8x8 pixels of 0-16"
IMAGE = (1, 8, 8, 1)


class Writer:
    """Collects tensors and operators of a model with one graph."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = DESCRIPTION
        self.model.buffers = [schema.BufferT()]  # buffer 0 is empty by convention
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.name = "digits"
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, name: str, shape: Sequence[int], kind: int, scale: Any, zero_point: int, data: Any = None) -> int:
        """Index of a new tensor; one scale, or one for each output channel; constant when it has data."""
        tensor, quantisation = schema.TensorT(), schema.QuantizationParametersT()
        quantisation.scale = np.atleast_1d(np.float32(scale))
        quantisation.zeroPoint = np.full(len(quantisation.scale), zero_point, np.int64)
        tensor.name, tensor.shape, tensor.type, tensor.quantization = name, list(shape), kind, quantisation
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, name: str, version: int, inputs: list[int], output: int, options: Any) -> None:
        builtin = getattr(schema.BuiltinOperator, name)
        codes = [code.builtinCode for code in self.model.operatorCodes]
        if builtin not in codes:
            code = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = builtin
            code.version = version
            self.model.operatorCodes.append(code)
            codes.append(builtin)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = codes.index(builtin), inputs, [output]
        operator.builtinOptions = options
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.graph.operators.append(operator)

    def bytes(self) -> bytes:
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def options_of(layer: Layer) -> tuple[str, int, Any]:
    """Operator, its version and its options."""
    kinds = schema.ActivationFunctionType
    activation = kinds.RELU if layer.relu else kinds.NONE
    if not layer.stride:
        dense = schema.FullyConnectedOptionsT()
        dense.fusedActivationFunction = activation
        return "FULLY_CONNECTED", 4, dense
    conv = schema.Conv2DOptionsT()
    conv.padding = schema.Padding.SAME
    conv.strideH = conv.strideW = layer.stride
    conv.dilationHFactor = conv.dilationWFactor = 1
    conv.fusedActivationFunction = activation
    return "CONV_2D", 3, conv


def export(layers: Sequence[Layer]) -> bytes:
    """The bytes of the model."""
    writer, kinds = Writer(), schema.TensorType
    x = writer.tensor("image", IMAGE, kinds.INT8, INPUT_SCALE, INPUT_ZERO_POINT)
    writer.graph.inputs = [x]
    for i, layer in enumerate(layers):
        weights = writer.tensor(f"weights{i}", layer.weights.shape, kinds.INT8, layer.weight_scales, 0, layer.weights)
        bias = writer.tensor(f"bias{i}", layer.bias.shape, kinds.INT32, layer.bias_scales, 0, layer.bias)
        out = writer.tensor(f"layer{i}", layer.output_shape, kinds.INT8, layer.output_scale, layer.output_zero_point)
        name, version, options = options_of(layer)
        writer.operator(name, version, [x, weights, bias], out, options)
        x = out
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    shares = writer.tensor("probabilities", layers[-1].output_shape, kinds.INT8, 1 / 256, -128)
    writer.operator("SOFTMAX", 2, [x], shares, softmax)
    writer.graph.outputs = [shares]
    return writer.bytes()
