# SPDX-License-Identifier: Apache-2.0
"""Writes quantised layers as a TensorFlow Lite model, with a SOFTMAX at the end if wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from .quantise import Layer, Units


@dataclass(frozen=True)
class Names:
    """What a model says of itself: its graph, one line for people, its input and its output."""

    graph: str
    description: str
    input: str
    output: str


class Writer:
    """Collects tensors and operators of a model with one graph."""

    def __init__(self, names: Names) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = names.description
        self.model.buffers = [schema.BufferT()]  # buffer 0 is empty by convention
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.name = names.graph
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


def conv_options(layer: Layer) -> Any:
    conv = schema.Conv2DOptionsT()
    conv.padding = schema.Padding.SAME
    conv.strideH, conv.strideW = layer.stride
    conv.dilationHFactor = conv.dilationWFactor = 1
    return conv


def add_layer(writer: Writer, x: int, layer: Layer, out: tuple[int, str]) -> int:
    """Index of the layer's output tensor; `out` is the layer's number and its output's name."""
    index, name = out
    kinds, activations = schema.TensorType, schema.ActivationFunctionType
    weights = writer.tensor(f"weights{index}", layer.weights.shape, kinds.INT8, layer.weight_scales, 0, layer.weights)
    bias = writer.tensor(f"bias{index}", layer.bias.shape, kinds.INT32, layer.bias_scales, 0, layer.bias)
    y = writer.tensor(name, layer.output_shape, kinds.INT8, layer.output.scale, layer.output.zero_point)
    options = conv_options(layer) if layer.stride else schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = activations.RELU if layer.relu else activations.NONE
    operator, version = ("CONV_2D", 3) if layer.stride else ("FULLY_CONNECTED", 4)
    writer.operator(operator, version, [x, weights, bias], y, options)
    return y


def add_softmax(writer: Writer, x: int, shape: Sequence[int], name: str) -> int:
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    shares = writer.tensor(name, shape, schema.TensorType.INT8, 1 / 256, -128)
    writer.operator("SOFTMAX", 2, [x], shares, options)
    return shares


def export(layers: Sequence[Layer], names: Names, shape: Sequence[int], units: Units, softmax: bool = True) -> bytes:
    """The bytes of the model; `shape` and `units` are those of its input. Without softmax the output is the last layer's."""
    writer = Writer(names)
    x = writer.tensor(names.input, shape, schema.TensorType.INT8, units.scale, units.zero_point)
    writer.graph.inputs = [x]
    for i, layer in enumerate(layers):
        name = f"layer{i}" if softmax or i < len(layers) - 1 else names.output
        x = add_layer(writer, x, layer, (i, name))
    if softmax:
        x = add_softmax(writer, x, layers[-1].output_shape, names.output)
    writer.graph.outputs = [x]
    return writer.bytes()
