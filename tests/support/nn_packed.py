# SPDX-License-Identifier: Apache-2.0
"""Plans for models of tests, written from the text of packed.h with integers only as the engine computes them."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import flatbuffers
import numpy as np
from motet_native import nn
from tests.support.nn_builder import unpack
from tests.support.nn_networks import small
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

NOT_PLACED = 0xFFFFFFFF
OF_CHANNELS = {
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.FULLY_CONNECTED,
}


def factor(ratio: float) -> tuple[int, int]:
    """QuantizeMultiplier."""
    mantissa, exponent = math.frexp(ratio)
    multiplier = math.floor(Fraction(mantissa) * 2**31 + Fraction(1, 2))
    if multiplier == 2**31:
        multiplier, exponent = multiplier // 2, exponent + 1
    return (0, 0) if exponent < -31 else (multiplier, exponent)


def scales(tensor: Any) -> Any:
    return np.zeros(0) if tensor.quantization is None or tensor.quantization.scale is None else tensor.quantization.scale


def channel_table(graph: Any, operator: Any) -> bytes:
    weights = scales(graph.tensors[operator.inputs[1]])
    if len(weights) < 2:
        return b""
    source = float(np.float32(scales(graph.tensors[operator.inputs[0]])[0]))
    target = float(np.float32(scales(graph.tensors[operator.outputs[0]])[0]))
    pairs = [factor(source * float(np.float32(own)) / target) for own in weights]
    return struct.pack(f"<{len(pairs)}i", *(pair[0] for pair in pairs)) + struct.pack(f"{len(pairs)}b", *(p[1] for p in pairs))


HEAD, RECORD, ENTRY = 32, 16, 20
NAME = b"motet.plan"


def plan_at(model: bytes) -> tuple[int, int]:
    """Position and bytes of the plan in a file; (0, 0) without one."""
    root = schema.Model.GetRootAs(model, 0)
    for index in range(root.MetadataLength()):
        entry = root.Metadata(index)
        if entry.Name() == NAME:
            return elements(root.Buffers(entry.Buffer()), 0)
    return 0, 0


def content_of(model: bytes) -> bytearray:
    at, size = plan_at(model)
    return bytearray(model[at : at + size])


def with_content(model: bytes, content: bytes) -> bytes:
    """Another plan of the same size in place of the one that the file has."""
    at, size = plan_at(model)
    assert len(content) == size
    return model[:at] + bytes(content) + model[at + size :]


#: What a field of 32 bits may hold that a checker might forget; each also a bit above and below the size of the file.
LIMITS = [*range(6), 8, 31, 127, 128, 255, 256, 4096, 65535, 65536, 1 << 24, (1 << 31) - 1, 1 << 31, 0xFFFFFFF8, 0xFFFFFFFF]


def hostile(file: bytes) -> Iterator[bytes]:
    """A file with a plan, with each word and each byte of the plan's tensors and operators in turn at its limits."""
    content = content_of(file)
    near = [len(file) + step for step in (-16, -8, -5, -4, -3, -1, 0, 1, 4)]
    graph = unpack(file).subgraphs[0]
    end = HEAD + RECORD * len(graph.tensors) + ENTRY * len(graph.operators)
    for at in range(0, end, 4):
        for value in [*LIMITS, *near]:
            own = bytearray(content)
            struct.pack_into("<I", own, at, value & 0xFFFFFFFF)
            yield with_content(file, bytes(own))
        for byte, value in itertools.product(range(4), (0, 1, 6, 7, 127, 128, 255)):
            own = bytearray(content)
            own[at + byte] = value
            yield with_content(file, bytes(own))


def elements(table: Any, field: int) -> tuple[int, int]:
    """Position of the first element of a table's vector and their count; (0, 0) without one."""
    offset = table._tab.Offset(4 + 2 * field)
    return (table._tab.Vector(offset), table._tab.VectorLen(offset)) if offset else (0, 0)


def vector(table: Any, field: int) -> int:
    """Position of a vector with its count."""
    at, _ = elements(table, field)
    return at - 4 if at else 0


def record(root: Any, tensor: Any, offset: int) -> bytes:
    (shape, rank), (constant, filled) = elements(tensor, 0), elements(root.Buffers(tensor.Buffer()), 0)
    own, at, count, zero = tensor.Quantization(), 0, 0, 0
    if own is not None and own.ScaleLength() and tensor.Type() != schema.TensorType.FLOAT32:
        at, count = elements(own, 2)
        zero = own.ZeroPoint(0) if own.ZeroPointLength() else 0
    axis = own.QuantizedDimension() if count > 1 else 0
    kind = tensor.Type() + 16 * bool(filled) + 32 * bool(tensor.IsVariable()) + 64 * (count > 1)
    return struct.pack("<3Ih2B", shape, constant if filled else offset, at, zero, kind, rank + 16 * axis)


def plan(model: bytes, offsets: Sequence[int], activation_bytes: int) -> bytes:
    """The plan for a file with room for it."""
    table, root = unpack(model), schema.Model.GetRootAs(model, 0)
    graph, own = table.subgraphs[0], root.Subgraphs(0)
    entries, tables = b"", b""
    start = HEAD + RECORD * len(graph.tensors) + ENTRY * len(graph.operators)
    for index, operator in enumerate(graph.operators):
        kind, there = table.operatorCodes[operator.opcodeIndex], own.Operators(index)
        code = max(kind.builtinCode, kind.deprecatedBuiltinCode)  # old files have only the latter
        channels = channel_table(graph, operator) if code in OF_CHANNELS else b""
        options = there.BuiltinOptions()
        extra = vector(there, 5) if code == schema.BuiltinOperator.CUSTOM else start + len(tables) if channels else 0
        (inputs, before), (outputs, after) = elements(there, 1), elements(there, 2)
        places = inputs, outputs, options.Pos if options else 0, extra
        entries += struct.pack("<H2B4I", operator.opcodeIndex, before, after, *places)
        tables += channels + bytes(-len(channels) % 4)
    records = b"".join(record(root, own.Tensors(at), offset) for at, offset in enumerate(offsets))
    at, _ = plan_at(model)
    counts = len(graph.tensors), len(graph.operators), activation_bytes
    head = struct.pack("<4sHH6I", b"MPLN", 2, 0, start + len(tables), *counts, at, len(model))
    return head + records + entries + tables


def planned(model: bytes, offsets: Sequence[int], activation_bytes: int) -> bytes:
    """The model with its plan."""
    room = with_plan(model, bytes(len(plan(model, offsets, activation_bytes))))
    return with_content(room, plan(room, offsets, activation_bytes))


def packed() -> bytes:
    """A model with the engine's own plan, a seed for damage."""
    model = small()
    _, offsets = nn.Model(model)._plan(len(unpack(model).subgraphs[0].tensors))
    file = planned(model, offsets, max(offset for offset in offsets if offset != NOT_PLACED))
    assert nn.Model(file)._plan(0)[0] is None and len(file) % 2 == 0  # the driver puts files of odd sizes at odd addresses
    return file


def with_plan(model: bytes, content: bytes) -> bytes:
    """The model with that metadata buffer, aligned to 16."""
    table = unpack(model)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(content, np.uint8)
    entry.name, entry.buffer = NAME.decode(), len(table.buffers)
    table.buffers.append(buffer)
    table.metadata = [*(table.metadata or []), entry]
    builder = flatbuffers.Builder(1024)
    builder.Finish(table.Pack(builder), b"TFL3")
    packed = bytes(builder.Output())
    if content and plan_at(packed)[0] % 4:
        raise AssertionError("buffer is not aligned")
    return packed
