# SPDX-License-Identifier: Apache-2.0
"""Plans for models of tests, written from the text of packed.h with integers only as the engine computes them."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import flatbuffers
import numpy as np
from tests.support.nn_builder import unpack
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


def plan(model: bytes, offsets: Sequence[int], activation_bytes: int) -> bytes:
    """The content of the metadata buffer."""
    table = unpack(model)
    graph = table.subgraphs[0]
    positions, tables = [], b""
    start = 32 + 4 * (len(graph.tensors) + len(graph.operators))
    for operator in graph.operators:
        kind = table.operatorCodes[operator.opcodeIndex]
        code = max(kind.builtinCode, kind.deprecatedBuiltinCode)  # old files have only the latter
        own = channel_table(graph, operator) if code in OF_CHANNELS else b""
        positions.append(start + len(tables) if own else 0)
        tables += own + bytes(-len(own) % 4)
    size = start + len(tables)
    head = struct.pack("<4sHH6I", b"MPLN", 1, 0, size, len(graph.tensors), len(graph.operators), activation_bytes, 0, 0)
    return head + struct.pack(f"<{len(offsets)}I{len(positions)}I", *offsets, *positions) + tables


def with_plan(model: bytes, content: bytes) -> bytes:
    """The model with that metadata buffer, aligned to 16."""
    table = unpack(model)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(content, np.uint8)
    entry.name, entry.buffer = "motet.plan", len(table.buffers)
    table.buffers.append(buffer)
    table.metadata = [*(table.metadata or []), entry]
    builder = flatbuffers.Builder(1024)
    builder.Finish(table.Pack(builder), b"TFL3")
    packed = bytes(builder.Output())
    if content and packed.find(content) % 4:
        raise AssertionError("buffer is not aligned")
    return packed
