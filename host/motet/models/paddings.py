# SPDX-License-Identifier: Apache-2.0
"""Rule of rewriting: padding before a convolution."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from motet.models.graph import KIND, Graph

_INTEGERS = (KIND.INT8, KIND.INT16)
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def padded_convolution(graph: Graph, operator: Any) -> bool:
    """Padding before a convolution without one becomes the convolution's own, where SAME means just that padding."""
    if graph.name(operator) not in _CONVOLUTIONS or operator.builtinOptions.padding != schema.Padding.VALID:
        return False
    pad = graph.producer(operator.inputs[0])
    if pad is None or graph.only_reader(operator.inputs[0]) is None:
        return False
    around = _padding(graph, pad)
    source = pad.inputs[0]
    if around is None or graph.tensors[source].type not in _INTEGERS or graph.scales(source) != graph.scales(pad.outputs[0]):
        return False
    shapes = graph.shape(source), graph.shape(operator.inputs[1]), graph.shape(operator.outputs[0])
    if not _is_same(operator.builtinOptions, around, *shapes):
        return False
    operator.builtinOptions.padding = schema.Padding.SAME
    operator.inputs = [source, *operator.inputs[1:]]
    graph.operators.remove(pad)
    return True


def _padding(graph: Graph, pad: Any) -> NDArray[Any] | None:
    """Rows and columns that a PAD puts around images with the zero point; None when it does something else."""
    name = graph.name(pad)
    if name not in ("PAD", "PADV2"):
        return None
    value = graph.constant(pad.inputs[1])
    if value is None or value.shape != (4, 2) or value[0].any() or value[3].any() or (value < 0).any():
        return None
    if name == "PADV2":
        filler, (_, zeros) = graph.constant(pad.inputs[2]), graph.scales(pad.inputs[0])
        if filler is None or filler.size != 1 or len(zeros) != 1 or int(filler.reshape(-1)[0]) != zeros[0]:
            return None
    return value[1:3]


def _is_same(table: Any, around: NDArray[Any], image: tuple[int, ...], kernel: tuple[int, ...], result: tuple[int, ...]) -> bool:
    steps = (table.strideH, table.dilationHFactor), (table.strideW, table.dilationWFactor)
    for axis, (stride, dilation) in enumerate(steps):
        size, taps, out = image[axis + 1], kernel[axis + 1], result[axis + 1]
        total = max((out - 1) * stride + (taps - 1) * dilation + 1 - size, 0)
        if out != -(-size // stride) or total // 2 != around[axis][0] or total > around[axis].sum():
            return False
    return True
