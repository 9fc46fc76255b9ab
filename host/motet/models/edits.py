# SPDX-License-Identifier: Apache-2.0
"""Edits of a graph that several rules of rewriting share."""

from __future__ import annotations

from typing import Any

import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from motet.models.graph import BUILTIN, KIND, Graph

VIEWS = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def drop(graph: Graph, operator: Any) -> bool:
    """Takes out an operator whose output is its first input. False when both are ports of the graph."""
    before, after = operator.inputs[0], operator.outputs[0]
    if after not in graph.outputs:
        graph.replace(after, before)
    else:
        source = graph.producer(before)
        if source is None or before in graph.outputs:
            return False
        graph.replace(before, after)
        source.outputs = [after if one == before else one for one in source.outputs]
    graph.operators.remove(operator)
    return True


def order_of(graph: Graph, operator: Any) -> list[int] | None:
    value = graph.constant(operator.inputs[1])
    return None if value is None else [int(one) % len(value) for one in value]


def is_idle(order: list[int]) -> bool:
    return order == sorted(order)


def shape_constant(graph: Graph, index: int) -> int:
    tensor = schema.TensorT()
    tensor.name, tensor.type, tensor.shape = b"shape", KIND.INT32, [len(graph.shape(index))]
    graph.tensors.append(tensor)
    graph.set_constant(len(graph.tensors) - 1, np.array(graph.shape(index), np.int32))
    return len(graph.tensors) - 1


def make_reshape(graph: Graph, operator: Any) -> None:
    graph.set_code(operator, BUILTIN.RESHAPE)
    operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    operator.builtinOptions = schema.ReshapeOptionsT()
    operator.builtinOptions.newShape = list(graph.shape(operator.outputs[0]))


def prune(graph: Graph) -> None:
    """Views and transposes whose result nobody reads any more."""
    unread = [
        one for one in graph.operators
        if graph.name(one) in (*VIEWS, "TRANSPOSE") and one.outputs[0] not in graph.outputs and not graph.readers(one.outputs[0])
    ]  # fmt: skip
    for operator in unread:
        graph.operators.remove(operator)
