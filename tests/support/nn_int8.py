# SPDX-License-Identifier: Apache-2.0
"""Models of int8 operators beyond the plain layers: one for each, and what to refuse of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tests.support.nn_builder import KINDS, Tensor, constant, graph, one_operator, options, pack, unpack

IMAGE = Tensor((1, 4, 5, 2), 0.1, 3)
ROW = Tensor((2, 6), 0.1, -3)


def values(shape: tuple[int, ...], seed: int, scale: float | list[float] = 0.1, zero: int = 0) -> Tensor:
    """A constant."""
    return Tensor(shape, scale, zero, value=np.random.default_rng(seed).integers(-127, 128, shape, np.int8))


def like(tensor: Tensor, *shape: int) -> Tensor:
    """Of the same scale and zero point."""
    return Tensor(shape, tensor.scale, tensor.zero_point)


def moves() -> dict[str, bytes]:
    fill = Tensor((1,), 0.1, -3, value=np.array([9], np.int8))
    begin, end, step = constant([0, 3, -5, 1]), constant([1, 1, 4, 2]), constant([1, -1, 2, 1])
    cut = options("StridedSliceOptions", endMask=2, shrinkAxisMask=8)
    halves = [like(ROW, 2, 3), like(ROW, 2, 3)]
    shape, last = options("ShapeOptions", outType=KINDS.INT32), options("ConcatenationOptions", axis=-1)
    return {
        "PADV2": one_operator("PADV2", [ROW, constant([[0, 1], [2, 3]]), fill], like(ROW, 3, 11), options("PadV2Options")),
        "SLICE": one_operator("SLICE", [ROW, constant([0, 1]), constant([-1, 4])], like(ROW, 2, 4), options("SliceOptions")),
        "STRIDED_SLICE": one_operator("STRIDED_SLICE", [IMAGE, begin, end, step], like(IMAGE, 1, 4, 2), cut),
        "CONCATENATION": one_operator("CONCATENATION", [ROW, like(ROW, 2, 1)], like(ROW, 2, 7), last),
        "PACK": one_operator("PACK", [ROW, ROW], like(ROW, 2, 2, 6), options("PackOptions", valuesCount=2, axis=1)),
        "SPLIT": one_operator("SPLIT", [constant(1), ROW], halves, options("SplitOptions", numSplits=2)),
        "EXPAND_DIMS": one_operator("EXPAND_DIMS", [ROW, constant([1])], like(ROW, 2, 1, 6), options("ExpandDimsOptions")),
        "SQUEEZE": one_operator("SQUEEZE", [IMAGE], like(IMAGE, 4, 5, 2), options("SqueezeOptions", squeezeDims=[0])),
        "SHAPE": one_operator("SHAPE", [IMAGE], Tensor((4,), kind=KINDS.INT32), shape),
        "flatten": flatten(shape),
    }  # fmt: skip


def flatten(shape: Any) -> bytes:
    """A new shape that is computed from the old one."""
    tensors = [
        IMAGE, Tensor((4,), kind=KINDS.INT32), constant([0]), constant([1]), Tensor((), kind=KINDS.INT32), constant(40),
        Tensor((2,), kind=KINDS.INT32), like(IMAGE, 1, 40),
    ]  # fmt: skip
    steps = [
        ("SHAPE", [0], 1, shape),
        ("STRIDED_SLICE", [1, 2, 3, 3], 4, options("StridedSliceOptions", shrinkAxisMask=1)),
        ("PACK", [4, 5], 6, options("PackOptions", valuesCount=2)),
        ("RESHAPE", [0, 6], 7, None),
    ]
    return graph(tensors, steps, [7, 6])


def elements() -> dict[str, bytes]:
    other, out, long = Tensor((6,), 0.05, 7), Tensor((2, 6), 0.2, 1), Tensor((3, 100), 0.1, -3)
    share, slope = Tensor((3, 100), 1 / 256, -128), options("LeakyReluOptions", alpha=0.25)
    return {
        "SUB": one_operator("SUB", [ROW, other], out, options("SubOptions", fusedActivationFunction=1)),
        "MUL": one_operator("MUL", [other, ROW], out, options("MulOptions", fusedActivationFunction=3)),
        "MAXIMUM": one_operator("MAXIMUM", [ROW, like(ROW, 1)], ROW, options("MaximumMinimumOptions")),
        "MINIMUM": one_operator("MINIMUM", [ROW, like(ROW, 2, 1)], ROW, options("MaximumMinimumOptions")),
        "PRELU": one_operator("PRELU", [ROW, values((1, 6), 0)], out),
        "RELU": one_operator("RELU", [ROW], out),
        "RELU6": one_operator("RELU6", [long], long),
        "LEAKY_RELU": one_operator("LEAKY_RELU", [ROW], out, slope),
        "HARD_SWISH": one_operator("HARD_SWISH", [long], Tensor((3, 100), 0.05, 2), options("HardSwishOptions")),
        "LOGISTIC": one_operator("LOGISTIC", [long], share),
        "TANH": one_operator("TANH", [ROW], Tensor((2, 6), 1 / 128)),
        "DEQUANTIZE": one_operator("DEQUANTIZE", [ROW], Tensor((2, 6), kind=KINDS.FLOAT32), options("DequantizeOptions")),
    }


def images() -> dict[str, bytes]:
    size = constant([7, 3])
    scales = [0.01, 0.02, 0.03, 0.04]
    back = options("TransposeConvOptions", strideH=2, strideW=1, padding=0)
    conv = options("Conv2DOptions", strideH=1, strideW=2, dilationHFactor=1, dilationWFactor=1)
    best = options("ArgMaxOptions", outputType=KINDS.INT32)
    return {
        "NEAREST": one_operator("RESIZE_NEAREST_NEIGHBOR", [IMAGE, size], like(IMAGE, 1, 7, 3, 2),
                                options("ResizeNearestNeighborOptions", halfPixelCenters=True)),
        "BILINEAR": one_operator("RESIZE_BILINEAR", [IMAGE, size], like(IMAGE, 1, 7, 3, 2),
                                 options("ResizeBilinearOptions", alignCorners=True)),
        "REDUCE_MAX": one_operator("REDUCE_MAX", [IMAGE, constant([1, -1])], like(IMAGE, 1, 5), options("ReducerOptions")),
        "ARG_MAX": one_operator("ARG_MAX", [IMAGE, constant(2)], Tensor((1, 4, 2), kind=KINDS.INT32), best),
        "TRANSPOSE_CONV": one_operator("TRANSPOSE_CONV", [constant([1, 8, 5, 4]), values((4, 3, 2, 2), 1, scales), IMAGE],
                                       Tensor((1, 8, 5, 4), 0.2, -3), back),
        "groups": one_operator("CONV_2D", [IMAGE, values((4, 2, 3, 1), 2, scales)], Tensor((1, 4, 3, 4), 0.2, -3), conv),
    }  # fmt: skip


def seeds() -> list[bytes]:
    return [*moves().values(), *elements().values(), *images().values()]


def _shape(tensor: int, *shape: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        model.subgraphs[0].tensors[tensor].shape = list(shape)

    return change


def _value(tensor: int, *own: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        data = np.frombuffer(np.array(own, np.int32).tobytes(), np.uint8)
        model.buffers[model.subgraphs[0].tensors[tensor].buffer].data = data

    return change


def _option(name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(model.subgraphs[0].operators[0].builtinOptions, name, value)


def _field(tensor: int, name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(model.subgraphs[0].tensors[tensor], name, value)


def _scale(tensor: int, value: float) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        model.subgraphs[0].tensors[tensor].quantization.scale = np.array([value], np.float32)

    return change


#: operator, change, reason
CHANGES: list[tuple[str, Callable[[Any], None], str]] = [
    ("PADV2", _field(2, "buffer", 0), "value to fill with is not one constant"),
    ("PADV2", _scale(2, 0.2), "input and output have different scales or zero points"),
    ("PADV2", _value(1, 0, 1, 2, 4), "output shape does not follow from the padding"),
    ("SLICE", _value(1, 0, 7), "slice reaches outside its tensor"),
    ("SLICE", _value(2, -1, 6), "slice reaches outside its tensor"),
    ("SLICE", _value(2, -2, 4), "slice reaches outside its tensor"),
    ("SLICE", _value(2, 1, 4), "output shape does not follow from the slice"),
    ("SLICE", _field(1, "buffer", 0), "shape, axis or position that is not constant int32"),
    ("SLICE", _shape(1, 1), "shape, axes or positions do not fit the number of dimensions"),
    ("STRIDED_SLICE", _value(3, 1, -1, 0, 1), "slice without elements"),
    ("STRIDED_SLICE", _value(3, 1, -1, -(2**31), 1), "slice without elements"),
    ("STRIDED_SLICE", _value(1, 0, 3, -5, 2), "slice without elements"),
    ("STRIDED_SLICE", _value(1, 0, 2, -5, 1), "output shape does not follow from the slice"),
    ("STRIDED_SLICE", _shape(4, 1, 4, 2, 1), "output shape does not follow from the slice"),
    ("STRIDED_SLICE", _option("ellipsisMask", 1), "slice with an ellipsis, a new axis or an end that is an offset"),
    ("CONCATENATION", _option("axis", 2), "axis out of range"),
    ("CONCATENATION", _option("axis", -3), "axis out of range"),
    ("CONCATENATION", _option("axis", 0), "inputs or outputs do not fit the whole along the axis"),
    ("CONCATENATION", _option("fusedActivationFunction", 1), "fused activation"),
    ("CONCATENATION", _shape(2, 2, 8), "inputs or outputs do not fill the whole"),
    ("CONCATENATION", _shape(2, 2, 6), "inputs or outputs do not fit the whole along the axis"),
    ("CONCATENATION", _scale(1, 0.2), "input and output have different scales or zero points"),
    ("CONCATENATION", _field(1, "type", KINDS.UINT8), "zero point outside the range of its type"),
    ("PACK", _shape(2, 2, 3, 6), "inputs or outputs do not fill the whole"),
    ("PACK", _shape(1, 12), "inputs or outputs do not fit the whole along the axis"),
    ("SPLIT", _value(0, 0), "inputs or outputs do not fit the whole along the axis"),
    ("SPLIT", _value(0, 2), "axis out of range"),
    ("SPLIT", _shape(1, 2, 7), "inputs or outputs do not fill the whole"),
    ("EXPAND_DIMS", _shape(2, 2, 2, 6), "input and output have different counts of elements"),
    ("SHAPE", _shape(1, 3), "output does not have one value for each dimension"),
    ("SHAPE", _field(1, "type", KINDS.INT64), "output that is not int32"),
    ("SUB", _shape(2, 2, 5), "output shape does not follow from the input shapes"),
    ("MUL", _shape(0, 5), "output shape does not follow from the input shapes"),
    ("MUL", _scale(2, 1e-30), "ratio of scales is too large"),
    ("MAXIMUM", _scale(1, 0.2), "input and output have different scales or zero points"),
    ("RELU", _shape(0, 12), "input and output have different shapes"),
    ("RELU6", _scale(1, 0.2), "input and output have different scales or zero points"),
    ("LEAKY_RELU", _option("alpha", -0.5), "slope is neither zero nor a positive number"),
    ("LEAKY_RELU", _option("alpha", float("nan")), "slope is neither zero nor a positive number"),
    ("HARD_SWISH", _scale(1, 1e-4), "ratio of scales out of range"),
    ("HARD_SWISH", _scale(1, 1e4), "ratio of scales out of range"),
    ("LOGISTIC", lambda m: setattr(m.subgraphs[0].tensors[1].quantization, "zeroPoint", np.array([0])),
     "output with another zero point than the operator's"),
    ("DEQUANTIZE", _field(1, "type", KINDS.INT32), "other than from 8 or 16 bits to float32"),
    ("NEAREST", _value(1, 7, 4), "output shape does not follow from the size"),
    ("BILINEAR", _option("halfPixelCenters", True), "both aligned corners and half pixels"),
    ("BILINEAR", _field(2, "type", KINDS.INT16), "activation that is not int8"),
    ("REDUCE_MAX", _value(1, 1, 4), "axis out of range"),
    ("ARG_MAX", _value(1, 3), "output shape does not follow from the axes"),
    ("ARG_MAX", _value(1, -5), "axis out of range"),
    ("TRANSPOSE_CONV", _shape(3, 1, 9, 5, 4), "output shape does not follow from the input shape"),
    ("TRANSPOSE_CONV", _option("strideH", 0), "stride or dilation below 1"),
    ("TRANSPOSE_CONV", _shape(2, 1, 4, 5, 1), "weights do not fit the channels"),
    ("groups", _shape(1, 4, 2, 1, 3), "weights do not fit the channels"),
]  # fmt: skip


def refused() -> Iterator[tuple[bytes, str]]:
    """Each model with its error."""
    originals = {**moves(), **elements(), **images()}
    for name, change, reason in CHANGES:
        model = unpack(originals[name])
        change(model)
        operator = {"NEAREST": "RESIZE_NEAREST_NEIGHBOR", "BILINEAR": "RESIZE_BILINEAR", "groups": "CONV_2D"}.get(name, name)
        yield pack(model), f"operator 0 ({operator}): {reason}"
