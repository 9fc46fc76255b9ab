# SPDX-License-Identifier: Apache-2.0
"""Writes a plan into a model: where each activation lies, and the factors of layers that are quantised by channel.

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
_HEAD = 32
_NOT_PLACED = 0xFFFFFFFF
_ALIGN = 8
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
    before = graph.model.metadata, list(graph.model.buffers)
    _attach(graph, _content(graph, offsets))
    note, _ = nn.Model(graph.save())._plan(0)
    if note is not None:
        graph.model.metadata, graph.model.buffers = before
    return note


def _attach(graph: Graph, content: bytes) -> None:
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(content, np.uint8)
    entry.name, entry.buffer = NAME, len(graph.model.buffers)
    graph.model.buffers = [*graph.model.buffers, buffer]
    graph.model.metadata = [*(graph.model.metadata or []), entry]


def _content(graph: Graph, offsets: list[int]) -> bytes:
    positions, tables = [], b""
    start = _HEAD + 4 * (len(graph.tensors) + len(graph.operators))
    for operator in graph.operators:
        table = _channel_table(graph, operator)
        positions.append(start + len(tables) if table else 0)
        tables += table + bytes(-len(table) % 4)
    counts = len(graph.tensors), len(graph.operators), _activation_bytes(graph, offsets)
    head = struct.pack("<4sHH6I", b"MPLN", 1, 0, start + len(tables), *counts, 0, 0)
    return head + struct.pack(f"<{len(offsets)}I{len(positions)}I", *offsets, *positions) + tables


def _activation_bytes(graph: Graph, offsets: list[int]) -> int:
    ends = [at + graph.size(index) for index, at in enumerate(offsets) if at != _NOT_PLACED]
    return -(-max(ends, default=0) // _ALIGN) * _ALIGN


def _channel_table(graph: Graph, operator: Any) -> bytes:
    if graph.name(operator) not in _OF_CHANNELS:
        return b""
    source, weights, target = operator.inputs[0], operator.inputs[1], operator.outputs[0]
    own, _ = graph.scales(weights)
    if len(own) < 2 or {graph.tensors[one].type for one in (source, weights, target)} != {KIND.INT8}:
        return b""
    (into, _), (out, _) = graph.scales(source), graph.scales(target)
    pairs = [_factor(into[0] * scale / out[0]) for scale in own]
    return struct.pack(f"<{len(pairs)}i{len(pairs)}b", *(one for one, _ in pairs), *(one for _, one in pairs))


def _factor(ratio: float) -> tuple[int, int]:
    """QuantizeMultiplier of TensorFlow Lite: multiplier and shift."""
    mantissa, exponent = math.frexp(ratio)
    multiplier = math.floor(Fraction(mantissa) * 2**31 + Fraction(1, 2))
    if multiplier == 2**31:
        multiplier, exponent = multiplier // 2, exponent + 1
    return (0, 0) if exponent < -31 else (multiplier, exponent)
