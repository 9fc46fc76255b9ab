# SPDX-License-Identifier: Apache-2.0
"""Rules of rewriting: transposes that are reshapes, that undo each other, or that can happen to weights, once."""

from __future__ import annotations

from typing import Any

import numpy as np

from motet.models.edits import VIEWS, is_idle, make_reshape, order_of, prune, shape_constant
from motet.models.graph import KIND, Graph

_INTEGERS = (KIND.INT8, KIND.INT16)


def moved_ones(graph: Graph, operator: Any) -> bool:
    """A transpose that moves only dimensions of 1 becomes a reshape."""
    if graph.name(operator) != "TRANSPOSE" or (order := order_of(graph, operator)) is None:
        return False
    shape = graph.shape(operator.inputs[0])
    if not is_idle([axis for axis in order if shape[axis] != 1]):
        return False
    operator.inputs = [operator.inputs[0], shape_constant(graph, operator.outputs[0])]
    make_reshape(graph, operator)
    return True


def transposed_twice(graph: Graph, operator: Any) -> bool:
    """Two transposes in a row become one."""
    if graph.name(operator) != "TRANSPOSE" or (order := order_of(graph, operator)) is None:
        return False
    first = graph.producer(operator.inputs[0])
    if first is None or graph.name(first) != "TRANSPOSE" or (earlier := order_of(graph, first)) is None:
        return False
    both = np.array([earlier[axis] for axis in order], np.int32)
    operator.inputs = [first.inputs[0], graph.add_constant(operator.inputs[1], both)]
    prune(graph)
    return True


def transposed_weights(graph: Graph, operator: Any) -> bool:
    """A transpose before a flattening before a fully connected layer goes into the weights: sums of integers in another order."""
    chain = _flattened(graph, operator)
    if chain is None:
        return False
    order, dense = chain
    weights = graph.constant(dense.inputs[1])
    shape = graph.shape(operator.inputs[0])
    if weights is None or weights.dtype != np.int8 or graph.tensors[operator.inputs[0]].type not in _INTEGERS:
        return False
    if weights.ndim != 2 or weights.shape[1] != np.prod(shape[1:]):
        return False
    grid = weights.reshape(len(weights), *(shape[axis] for axis in order[1:]))
    moved = grid.transpose(0, *(order[1:].index(axis) + 1 for axis in range(1, len(order))))
    own = graph.add_constant(dense.inputs[1], np.ascontiguousarray(moved).reshape(weights.shape))
    dense.inputs = [dense.inputs[0], own, *dense.inputs[2:]]
    graph.replace(operator.outputs[0], operator.inputs[0])
    graph.operators.remove(operator)
    return True


def _flattened(graph: Graph, operator: Any) -> tuple[list[int], Any] | None:
    """The order of a transpose, and the fully connected layer behind the reshape of its result to rows."""
    order = order_of(graph, operator) if graph.name(operator) == "TRANSPOSE" else None
    if order is None or order[0] != 0:
        return None
    view = graph.only_reader(operator.outputs[0])
    if view is None or graph.name(view) not in VIEWS:
        return None
    rows = graph.shape(view.outputs[0])
    dense = graph.only_reader(view.outputs[0])
    plain = dense is not None and graph.name(dense) == "FULLY_CONNECTED" and not dense.builtinOptions.weightsFormat
    if not plain or len(rows) != 2 or rows[0] != graph.shape(operator.inputs[0])[0]:
        return None
    return order, dense
