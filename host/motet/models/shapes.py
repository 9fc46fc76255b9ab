# SPDX-License-Identifier: Apache-2.0
"""Rules of rewriting: shapes that are known from the file, operators that do nothing, reshapes in a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motet.models.edits import VIEWS, drop, is_idle, make_reshape, order_of, prune, shape_constant
from motet.models.graph import KIND, Graph


def constant_shapes(graph: Graph, operator: Any) -> bool:
    """SHAPE, and the integer arithmetic on shapes that follows it, becomes a constant."""
    work = _EVALUATE.get(graph.name(operator))
    output = operator.outputs[0] if operator.outputs else -1
    if work is None or output in graph.outputs or graph.tensors[output].type != KIND.INT32:
        return False
    value = work(graph, operator)
    if value is None or value.shape != graph.shape(output):
        return False
    graph.set_constant(output, value.astype(np.int32))
    graph.operators.remove(operator)
    return True


def _shape(graph: Graph, operator: Any) -> NDArray[Any]:
    return np.array(graph.shape(operator.inputs[0]), np.int32)


def _strided_slice(graph: Graph, operator: Any) -> NDArray[Any] | None:
    values = [value for one in operator.inputs if (value := graph.constant(one)) is not None and value.ndim == 1]
    table = operator.builtinOptions
    if len(values) != 4 or len(values[1]) != 1 or table is None:
        return None
    if table.ellipsisMask or table.newAxisMask or getattr(table, "offset", False):
        return None
    source, (begin,), (end,), (step,) = values
    if table.shrinkAxisMask:
        return np.asarray(source[begin]) if -len(source) <= begin < len(source) else None
    if step == 0:
        return None
    return np.asarray(source[slice(None if table.beginMask else begin, None if table.endMask else end, step)])


def _joined(graph: Graph, operator: Any) -> NDArray[Any] | None:
    values = [graph.constant(one) for one in operator.inputs]
    if any(one is None or one.ndim > 1 for one in values) or operator.builtinOptions.axis not in (0, -1):
        return None
    return np.concatenate([np.atleast_1d(one) for one in values])  # type: ignore[arg-type]


def _reshaped(graph: Graph, operator: Any) -> NDArray[Any] | None:
    value = graph.constant(operator.inputs[0])
    shape = graph.shape(operator.outputs[0])
    return None if value is None or value.size != graph.count(operator.outputs[0]) else value.reshape(shape)


_EVALUATE: dict[str, Callable[[Graph, Any], NDArray[Any] | None]] = {
    "SHAPE": _shape, "STRIDED_SLICE": _strided_slice, "PACK": _joined, "CONCATENATION": _joined,
    "RESHAPE": _reshaped, "SQUEEZE": _reshaped, "EXPAND_DIMS": _reshaped,
}  # fmt: skip


def no_operation(graph: Graph, operator: Any) -> bool:
    """An operator whose output is its input goes."""
    source, result = operator.inputs[0] if operator.inputs else -1, operator.outputs[0] if operator.outputs else -1
    if min(source, result) < 0 or graph.constant(source) is not None or graph.tensors[source].isVariable:
        return False
    same = graph.shape(source) == graph.shape(result) and graph.tensors[source].type == graph.tensors[result].type
    if not same or graph.scales(source) != graph.scales(result):
        return False
    name = graph.name(operator)
    # TRANSPOSE, CONCATENATION and SPLIT may keep the shape and yet do something.
    nothing = name in (*VIEWS, "PAD", "PADV2", "SLICE", "QUANTIZE")
    nothing = nothing or (name == "CONCATENATION" and len(operator.inputs) == 1 and not _activation(operator))
    nothing = nothing or (name == "TRANSPOSE" and (order := order_of(graph, operator)) is not None and is_idle(order))
    return nothing and drop(graph, operator)


def _activation(operator: Any) -> int:
    return int(getattr(operator.builtinOptions, "fusedActivationFunction", 0))


def view_of_view(graph: Graph, operator: Any) -> bool:
    """Of two reshapes in a row the first one goes."""
    if graph.name(operator) not in VIEWS:
        return False
    first = graph.producer(operator.inputs[0])
    if first is None or graph.name(first) not in VIEWS or graph.constant(first.inputs[0]) is not None:
        return False
    operator.inputs = [first.inputs[0], shape_constant(graph, operator.outputs[0])]
    make_reshape(graph, operator)
    prune(graph)
    return True
