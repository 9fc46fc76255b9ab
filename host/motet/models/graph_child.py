# SPDX-License-Identifier: Apache-2.0
"""Edits of a graph, in a child process: one CBOR map with the model and the work on standard input, one on standard output."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from typing import Any

import cbor2
from motet_native import nn
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from motet.models.folding import fold
from motet.models.graph import KIND, Graph, GraphError
from motet.models.planning import add_plan, drop_plan
from motet.models.sweeping import sweep

# What damaged files make the schema's classes raise.
DAMAGED = (struct.error, IndexError, KeyError, TypeError, ValueError, AttributeError, MemoryError, OverflowError, RecursionError)


def pack(request: dict[str, Any]) -> dict[str, Any]:
    """The rewritten model: {"data", "rules": {name: times}, "operators": [before, after], "unplanned": why or None}."""
    graph = Graph(request["model"])
    before = len(graph.operators)
    drop_plan(graph)
    rules = fold(graph)
    sweep(graph)
    unplanned = add_plan(graph) if request["plan"] else "not asked for"
    counts = [before, len(graph.operators)]
    return {"data": graph.save(), "rules": rules, "operators": counts, "unplanned": unplanned}


def exposed(request: dict[str, Any]) -> dict[str, Any]:
    """The model with every result of an operator as an output: {"data", "layers": [[operator, name, tensor], ...]}."""
    graph = Graph(request["model"])
    layers = [[at, graph.name(one), out] for at, one in enumerate(graph.operators) for out in one.outputs if out >= 0]
    layers = [layer for layer in layers if graph.constant(layer[2]) is None]
    for layer in layers:
        tensor = graph.tensors[layer[2]]
        layer.append((tensor.name or b"").decode("utf-8", "replace") or f"tensor {layer[2]}")
    graph.outputs, graph.model.signatureDefs = [layer[2] for layer in layers], None
    return {"data": graph.save(), "layers": [[at, kind, name] for at, kind, _, name in layers]}


def operators(request: dict[str, Any]) -> dict[str, Any]:
    """What the engine says to each operator alone: {"operators": [[name, reason or None], ...]}."""
    graph = Graph(request["model"])
    rows = [[graph.name(one), _refusal(request["model"], index)] for index, one in enumerate(graph.operators)]
    return {"operators": rows, "tensors": len(graph.tensors), "weights": _weights(graph)}


def _weights(graph: Graph) -> int:
    return sum(len(one.data) for one in graph.model.buffers if one.data is not None)


def _refusal(data: bytes, index: int) -> str | None:
    """Why the engine does not take one operator, None when it does."""
    try:
        nn.Model(_alone(data, index))
    except nn.Error as error:
        where, _, reason = str(error).partition(": ")
        return reason if where.startswith("operator ") else str(error)
    except MemoryError:
        return "it needs more memory than there is"
    return None


def _alone(data: bytes, index: int) -> bytes:
    graph = Graph(data)
    operator = graph.operators[index]
    given = [one for one in operator.inputs if one >= 0]
    inputs = [one for one in given if graph.constant(one) is None and not graph.tensors[one].isVariable]
    graph.operators = [operator]
    graph.inputs, graph.outputs = list(dict.fromkeys(inputs)) or [_spare(graph)], [one for one in operator.outputs if one >= 0]
    graph.model.signatureDefs = graph.model.metadata = None
    sweep(graph)
    return graph.save()


def _spare(graph: Graph) -> int:
    """An input for a graph that would have none."""
    tensor = schema.TensorT()
    tensor.name, tensor.type, tensor.shape = b"spare", KIND.INT8, [1]
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


WORK: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"pack": pack, "exposed": exposed, "operators": operators}


def main() -> None:
    request = cbor2.load(sys.stdin.buffer)
    try:
        answer = WORK[request["work"]](request)
    except GraphError as error:
        answer = {"refused": str(error)}
    except DAMAGED as error:
        answer = {"refused": f"the file is damaged or of a kind that cannot be edited ({type(error).__name__}: {error})"[:300]}
    sys.stdout.buffer.write(cbor2.dumps(answer))


if __name__ == "__main__":
    main()
