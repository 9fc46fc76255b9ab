# SPDX-License-Identifier: Apache-2.0
"""One TensorFlow Lite graph as objects that can be edited, and back to a file. Only ever used in a child process.

The classes are those of the tflite-micro wheel's schema (an optional dependency). A saved file has each constant at a multiple
of 16, as the schema asks for, no constant twice, and nothing that no operator uses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

KIND = schema.TensorType
BUILTIN = schema.BuiltinOperator
NUMPY = {
    KIND.FLOAT32: np.float32, KIND.INT32: np.int32, KIND.UINT8: np.uint8, KIND.INT64: np.int64, KIND.BOOL: np.bool_,
    KIND.INT16: np.int16, KIND.INT8: np.int8, KIND.UINT64: np.uint64, KIND.UINT32: np.uint32,
}  # fmt: skip
_NAMES = {value: name for name, value in vars(BUILTIN).items() if isinstance(value, int)}
_ALIGN = 16


class GraphError(Exception):
    """A file cannot be edited; the text says why."""


class _Buffer(schema.BufferT):  # type: ignore[misc]
    """A buffer whose data lie at a multiple of 16 in the file."""

    def Pack(self, builder: Any) -> Any:  # noqa: N802 - the schema's name
        where = None
        if self.data is not None and len(self.data):
            content = bytes(self.data)
            builder.StartVector(1, len(content), _ALIGN)
            builder.head -= len(content)
            builder.Bytes[builder.head : builder.head + len(content)] = content
            where = builder.EndVector()
        schema.BufferStart(builder)
        if where is not None:
            schema.BufferAddData(builder, where)
        return schema.BufferEnd(builder)


class _Builder(flatbuffers.Builder):  # type: ignore[misc]
    """Writes vectors of numbers that are equal, such as shapes and zero points, once."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[int, bytes], int] = {}
        self._start = self._alignment = 0
        self._references = False

    def StartVector(self, element: int, count: int, alignment: int) -> Any:  # noqa: N802 - the library's names
        self._start, self._alignment, self._references = self.Offset(), max(element, alignment), False
        return super().StartVector(element, count, alignment)

    def PrependUOffsetTRelative(self, offset: int) -> None:  # noqa: N802
        self._references = True
        super().PrependUOffsetTRelative(offset)

    def EndVector(self, *arguments: Any) -> int:  # noqa: N802
        at = int(super().EndVector(*arguments))
        if self._references:
            return at
        content = bytes(self.Bytes[self.Head() : len(self.Bytes) - self._start])
        first = self._written.setdefault((self._alignment, content), at)
        if first != at:
            self.head = len(self.Bytes) - self._start
        return first


def _listed(values: Any) -> list[int]:
    return [] if values is None else [int(value) for value in values]


class Graph:
    """A model with one subgraph. Tensors and operators are the schema's objects; indexes are stable until ``sweep``."""

    def __init__(self, data: bytes) -> None:
        self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(data), 0))
        if self.model.version != 3 or len(self.model.subgraphs or []) != 1:
            raise GraphError("only models of schema version 3 with one subgraph can be edited")
        if any(buffer.offset > 1 or buffer.size > 1 for buffer in self.model.buffers):
            raise GraphError("its constants lie behind the model; such files are not edited")
        self.graph = self.model.subgraphs[0]
        self.tensors: list[Any] = list(self.graph.tensors or [])
        self.operators: list[Any] = list(self.graph.operators or [])
        self.inputs, self.outputs = _listed(self.graph.inputs), _listed(self.graph.outputs)
        for operator in self.operators:
            operator.inputs, operator.outputs = _listed(operator.inputs), _listed(operator.outputs)

    def name(self, operator: Any) -> str:
        """Of its kind: the schema's, or a custom operator's own."""
        code = self.model.operatorCodes[operator.opcodeIndex]
        builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
        if builtin == BUILTIN.CUSTOM:
            return str((code.customCode or b"CUSTOM").decode("utf-8", "replace"))
        return str(_NAMES.get(builtin, f"builtin {builtin}"))

    def shape(self, index: int) -> tuple[int, ...]:
        return tuple(_listed(self.tensors[index].shape))

    def count(self, index: int) -> int:
        return math.prod(self.shape(index))

    def size(self, index: int) -> int:
        """Bytes of a tensor."""
        return self.count(index) * np.dtype(NUMPY[self.tensors[index].type]).itemsize

    def constant(self, index: int) -> NDArray[Any] | None:
        """The value of a constant tensor, None for others."""
        if index < 0 or self.tensors[index].isVariable:
            return None
        data = self.model.buffers[self.tensors[index].buffer].data
        if data is None or not len(data) or self.tensors[index].type not in NUMPY:
            return None
        return np.frombuffer(bytes(data), NUMPY[self.tensors[index].type]).reshape(self.shape(index))

    def set_constant(self, index: int, value: NDArray[Any]) -> None:
        """Makes a tensor the constant ``value``, of its own type and shape."""
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        self.tensors[index].buffer = len(self.model.buffers) - 1

    def add_constant(self, like: int, value: NDArray[Any]) -> int:
        """A new constant with the name, type and scales of another tensor and the shape of ``value``."""
        source, tensor = self.tensors[like], schema.TensorT()
        tensor.name, tensor.type, tensor.quantization, tensor.shape = source.name, source.type, source.quantization, value.shape
        self.tensors.append(tensor)
        self.set_constant(len(self.tensors) - 1, value)
        return len(self.tensors) - 1

    def producer(self, index: int) -> Any | None:
        return next((one for one in self.operators if index in one.outputs), None)

    def readers(self, index: int) -> list[Any]:
        return [one for one in self.operators if index in one.inputs]

    def only_reader(self, index: int) -> Any | None:
        """The operator that alone uses a tensor; None when several do or the graph gives it out."""
        readers = self.readers(index)
        return readers[0] if len(readers) == 1 and index not in self.outputs else None

    def replace(self, old: int, new: int) -> None:
        """Whoever reads ``old`` reads ``new``."""
        for operator in self.operators:
            operator.inputs = [new if one == old else one for one in operator.inputs]
        self.outputs = [new if one == old else one for one in self.outputs]

    def scales(self, index: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
        """Scales and zero points, empty when there are none."""
        found = self.tensors[index].quantization
        if found is None or found.scale is None:
            return (), ()
        return tuple(float(one) for one in found.scale), tuple(_listed(found.zeroPoint))

    def set_code(self, operator: Any, builtin: int, version: int = 1) -> None:
        """Makes an operator one of another kind."""
        code = schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), version
        self.model.operatorCodes.append(code)
        operator.opcodeIndex = len(self.model.operatorCodes) - 1

    def used(self) -> Iterator[int]:
        """Indexes of the tensors that someone needs."""
        yield from self.inputs
        yield from self.outputs
        for operator in self.operators:
            yield from (one for one in [*operator.inputs, *operator.outputs, *_listed(operator.intermediates)] if one >= 0)

    def save(self) -> bytes:
        """The file."""
        graph = self.graph
        graph.tensors, graph.operators, graph.inputs, graph.outputs = self.tensors, self.operators, self.inputs, self.outputs
        for buffer in self.model.buffers:
            buffer.__class__ = _Buffer
        builder = _Builder(1 << 16)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
