# SPDX-License-Identifier: Apache-2.0
"""Drops from a graph what nobody uses: operators, tensors, buffers, operator codes, names and ranges of inner tensors."""

from __future__ import annotations

from typing import Any

from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from motet.models.graph import Graph

# Notes of converters that no interpreter reads.
_NOTES = (b"CONVERSION_METADATA", b"keep_stablehlo_constant")


def sweep(graph: Graph) -> None:
    """Everything that is here. Inputs, outputs and signatures keep their order and names."""
    _operators(graph)
    _tensors(graph)
    _codes(graph)
    _notes(graph)
    _buffers(graph)


def _operators(graph: Graph) -> None:
    needed = set(graph.outputs)
    kept: list[Any] = []
    for operator in reversed(graph.operators):
        # One that writes variable tensors works even if nobody reads its output.
        stateful = any(one >= 0 and graph.tensors[one].isVariable for one in operator.inputs)
        if stateful or not needed.isdisjoint(operator.outputs):
            kept.append(operator)
            needed.update(operator.inputs)
    graph.operators = kept[::-1]


def _tensors(graph: Graph) -> None:
    used = sorted(set(graph.used()))
    place = {old: new for new, old in enumerate(used)} | {-1: -1}
    ports = {*graph.inputs, *graph.outputs}
    for index in used:
        if index not in ports:
            graph.tensors[index].name = None
        if (quantisation := graph.tensors[index].quantization) is not None:
            quantisation.min = quantisation.max = None
    graph.tensors = [graph.tensors[index] for index in used]
    graph.inputs, graph.outputs = [place[one] for one in graph.inputs], [place[one] for one in graph.outputs]
    for operator in graph.operators:
        operator.inputs, operator.outputs = [place[one] for one in operator.inputs], [place[one] for one in operator.outputs]
        if operator.intermediates is not None:
            operator.intermediates = [place[int(one)] for one in operator.intermediates]
    for signature in graph.model.signatureDefs or []:
        for port in [*(signature.inputs or []), *(signature.outputs or [])]:
            port.tensorIndex = place[port.tensorIndex]


def _codes(graph: Graph) -> None:
    found: list[Any] = []
    keys: list[Any] = []
    for operator in graph.operators:
        code = graph.model.operatorCodes[operator.opcodeIndex]
        key = (code.builtinCode, code.deprecatedBuiltinCode, code.customCode, code.version)
        if key not in keys:
            keys.append(key)
            found.append(code)
        operator.opcodeIndex = keys.index(key)
    graph.model.operatorCodes = found


def _notes(graph: Graph) -> None:
    graph.model.metadata = [one for one in graph.model.metadata or [] if one.name not in _NOTES] or None
    graph.model.metadataBuffer = None


def _buffers(graph: Graph) -> None:
    """One buffer for equal constants. Buffer 0 is empty by convention."""
    found: dict[bytes, int] = {b"": 0}
    own = [schema.BufferT()]

    def moved(index: int) -> int:
        data = graph.model.buffers[index].data
        content = b"" if data is None else bytes(data)
        if content not in found:
            found[content] = len(own)
            own.append(graph.model.buffers[index])
        return found[content]

    for tensor in graph.tensors:
        tensor.buffer = moved(tensor.buffer)
    for note in graph.model.metadata or []:
        note.buffer = moved(note.buffer)
    graph.model.buffers = own
