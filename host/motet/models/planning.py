# SPDX-License-Identifier: Apache-2.0
"""Writes a plan into a model: what its graph is, where each activation lies, and the factors of layers by channel.

firmware/native/nn/packed.h has the format. The places are those that the engine itself finds, so a planned model needs no more
memory for activations than an unplanned one; it loads faster and needs smaller tables. Only ever used in a child process.
"""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from typing import Any

import numpy as np
from motet_native import nn
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from motet.models.graph import KIND, Graph

NAME = b"motet.plan"
_VERSION = 2
_HEAD, _TENSOR, _OPERATOR = 32, 16, 20
_NOT_PLACED = 0xFFFFFFFF
_ALIGN = 8
_MOST = 255
_CONSTANT, _VARIABLE, _CHANNELS = 0x10, 0x20, 0x40
_OF_CHANNELS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def drop_plan(graph: Graph) -> None:
    """Takes out the plan that an earlier packing has left."""
    graph.model.metadata = [one for one in graph.model.metadata or [] if one.name != NAME] or None


def add_plan(graph: Graph) -> str | None:
    """Adds the engine's own plan of a graph, which has none and is swept. None, or why there is no plan then."""
    try:
        _, offsets = nn.Model(graph.save())._plan(len(graph.tensors))
    except (nn.Error, MemoryError) as error:
        return f"the device engine refuses the model: {error}"
    if any(len(one.inputs) > _MOST or len(one.outputs) > _MOST for one in graph.operators):
        return f"an operator has more than {_MOST} inputs or outputs"
    before = graph.model.metadata, list(graph.model.buffers)
    tables = [_channel_table(graph, operator) for operator in graph.operators]
    buffer = _attach(graph, _size(graph, tables))
    # The file with room for the plan has everything where the final one has it.
    content = _Plan(graph, graph.save()).content(offsets, tables)
    buffer.data = np.frombuffer(content, np.uint8)
    note, _ = nn.Model(graph.save())._plan(0)
    if note is not None:
        graph.model.metadata, graph.model.buffers = before
    return note


def _size(graph: Graph, tables: list[bytes]) -> int:
    return _HEAD + _TENSOR * len(graph.tensors) + _OPERATOR * len(graph.operators) + sum(map(len, tables))


def _attach(graph: Graph, size: int) -> Any:
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.arange(size).astype(np.uint8)  # a vector like no other: equal ones are written once
    entry.name, entry.buffer = NAME, len(graph.model.buffers)
    graph.model.buffers = [*graph.model.buffers, buffer]
    graph.model.metadata = [*(graph.model.metadata or []), entry]
    return buffer


class _Plan:
    """The plan of a graph whose file has room for it: positions are those of that file."""

    def __init__(self, graph: Graph, data: bytes) -> None:
        self.graph, self.file_bytes = graph, len(data)
        self.model = schema.Model.GetRootAs(data, 0)
        self.own = self.model.Subgraphs(0)

    def content(self, offsets: list[int], tables: list[bytes]) -> bytes:
        graph = self.graph
        size, at = _size(graph, tables), self._buffer(len(graph.model.buffers) - 1)
        counts = len(graph.tensors), len(graph.operators), _activation_bytes(graph, offsets)
        parts = [struct.pack("<4sHH6I", b"MPLN", _VERSION, 0, size, *counts, at, self.file_bytes)]
        parts += [self._tensor(index, offset) for index, offset in enumerate(offsets)]
        start = size - sum(map(len, tables))
        for index, table in enumerate(tables):
            parts.append(self._operator(index, start if table else 0))
            start += len(table)
        return b"".join(parts + tables)

    def _buffer(self, index: int) -> int:
        """Position of a buffer's bytes, 0 when it has none."""
        at, count = _elements(self.model.Buffers(index), 0)
        return at if count else 0

    def _tensor(self, index: int, offset: int) -> bytes:
        tensor = self.own.Tensors(index)
        (shape, rank), constant = _elements(tensor, 0), self._buffer(tensor.Buffer())
        scales, zeros = self.graph.scales(index) if tensor.Type() != KIND.FLOAT32 else ((), ())
        at, _ = _elements(tensor.Quantization(), 2) if scales else (0, 0)
        by_channel = len(scales) > 1
        flags = (_CONSTANT if constant else 0) | (_VARIABLE if tensor.IsVariable() else 0) | (_CHANNELS if by_channel else 0)
        axis = tensor.Quantization().QuantizedDimension() if by_channel else 0
        kind = tensor.Type() | flags, rank | axis << 4
        return struct.pack("<3Ih2B", shape, constant or offset, at, zeros[0] if zeros else 0, *kind)

    def _operator(self, index: int, table: int) -> bytes:
        operator = self.own.Operators(index)
        (inputs, given), (outputs, made) = _elements(operator, 1), _elements(operator, 2)
        options, (custom, _) = operator.BuiltinOptions(), _elements(operator, 5)
        extra = table or (custom and custom - 4)
        places = inputs, outputs, options.Pos if options else 0, extra
        return struct.pack("<H2B4I", operator.OpcodeIndex(), given, made, *places)


def _elements(table: Any, field: int) -> tuple[int, int]:
    """Position of the first element of a table's vector, and their count; zeros without one."""
    offset = table._tab.Offset(4 + 2 * field)
    return (table._tab.Vector(offset), table._tab.VectorLen(offset)) if offset else (0, 0)


def _activation_bytes(graph: Graph, offsets: list[int]) -> int:
    ends = [at + graph.size(index) for index, at in enumerate(offsets) if at != _NOT_PLACED]
    return -(-max(ends, default=0) // _ALIGN) * _ALIGN


def _channel_table(graph: Graph, operator: Any) -> bytes:
    """Multipliers and shifts, padded to a multiple of 4; nothing for operators without."""
    if graph.name(operator) not in _OF_CHANNELS:
        return b""
    source, weights, target = operator.inputs[0], operator.inputs[1], operator.outputs[0]
    own, _ = graph.scales(weights)
    if len(own) < 2 or {graph.tensors[one].type for one in (source, weights, target)} != {KIND.INT8}:
        return b""
    (into, _), (out, _) = graph.scales(source), graph.scales(target)
    pairs = [_factor(into[0] * scale / out[0]) for scale in own]
    table = struct.pack(f"<{len(pairs)}i{len(pairs)}b", *(one for one, _ in pairs), *(one for _, one in pairs))
    return table + bytes(-len(table) % 4)


def _factor(ratio: float) -> tuple[int, int]:
    """QuantizeMultiplier of TensorFlow Lite: multiplier and shift."""
    mantissa, exponent = math.frexp(ratio)
    multiplier = math.floor(Fraction(mantissa) * 2**31 + Fraction(1, 2))
    if multiplier == 2**31:
        multiplier, exponent = multiplier // 2, exponent + 1
    return (0, 0) if exponent < -31 else (multiplier, exponent)
