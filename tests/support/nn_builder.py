# SPDX-License-Identifier: Apache-2.0
"""Builds small TensorFlow Lite models for tests, and runs models on the tflite-micro wheel in a child process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import flexbuffers
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

KINDS = schema.TensorType
NUMPY = {
    KINDS.INT8: np.int8, KINDS.UINT8: np.uint8, KINDS.INT16: np.int16, KINDS.INT32: np.int32, KINDS.INT64: np.int64,
    KINDS.UINT32: np.uint32, KINDS.UINT64: np.uint64, KINDS.FLOAT32: np.float32, KINDS.BOOL: np.bool_,
}  # fmt: skip

#: Operator, input tensors, output tensor or tensors, options.
Step = tuple[str, list[int], int | list[int], Any]


@dataclass(frozen=True)
class Tensor:
    """An input of the model, or a constant when it has a value."""

    shape: tuple[int, ...]
    scale: float | Sequence[float] | None = None
    zero_point: int = 0
    kind: int = KINDS.INT8
    value: NDArray[Any] | None = None
    axis: int = 0  # of the scales, when there are several
    variable: bool = False

    @property
    def dtype(self) -> type:
        return NUMPY[self.kind]


def constant(value: Any, dtype: type = np.int32) -> Tensor:
    """A constant without quantisation: axes, paddings, shapes."""
    array = np.asarray(value, dtype)
    kind = next(kind for kind, numpy in NUMPY.items() if numpy is dtype)
    return Tensor(array.shape, kind=kind, value=array)


def options(name: str, **fields: Any) -> Any:
    """An options table such as Pool2DOptions with the given fields."""
    table = getattr(schema, name + "T")()
    for field, value in fields.items():
        setattr(table, field, value)
    return table


def _tensor(model: Any, index: int, tensor: Tensor) -> Any:
    own = schema.TensorT()
    own.name, own.shape, own.type, own.buffer = f"t{index}", list(tensor.shape), tensor.kind, 0
    own.isVariable = tensor.variable
    if tensor.value is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(tensor.value).tobytes(), np.uint8)
        own.buffer = len(model.buffers)
        model.buffers.append(buffer)
    if tensor.scale is not None:
        own.quantization = schema.QuantizationParametersT()
        own.quantization.scale = np.atleast_1d(np.asarray(tensor.scale, np.float32))
        own.quantization.zeroPoint = np.full(len(own.quantization.scale), tensor.zero_point, np.int64)
        own.quantization.quantizedDimension = tensor.axis
    return own


def flexible(fields: dict[str, Any]) -> bytes:
    """The options of a custom operator."""
    return bytes(flexbuffers.Dumps(fields))


def _code(name: str) -> Any:
    code = schema.OperatorCodeT()
    builtin = getattr(schema.BuiltinOperator, name, None)
    if builtin is None:
        builtin, code.customCode = schema.BuiltinOperator.CUSTOM, name
    code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), 3
    return code


def graph(tensors: Sequence[Tensor], steps: Sequence[Step], outputs: list[int]) -> bytes:
    """A model of several operators: each step is (operator, input tensors, output tensors, options). An operator that is no
    builtin one is a custom one; its options are bytes."""
    model, own = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, model.operatorCodes, model.subgraphs = 3, [schema.BufferT()], [], [own]
    own.tensors = [_tensor(model, i, tensor) for i, tensor in enumerate(tensors)]
    written = {index for _, _, output, _ in steps for index in ([output] if isinstance(output, int) else output)}
    free = [tensor.value is None and not tensor.variable for tensor in tensors]
    own.inputs = [i for i in range(len(tensors)) if free[i] and i not in written]
    own.outputs, own.operators = outputs, []
    codes = list(dict.fromkeys(name for name, *_ in steps))
    model.operatorCodes = [_code(name) for name in codes]
    for name, inputs, output, table in steps:
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs = codes.index(name), inputs
        operator.outputs = [output] if isinstance(output, int) else output
        if isinstance(table, bytes):
            operator.customOptions = np.frombuffer(table, np.uint8)
        elif table is not None:
            operator.builtinOptions = table
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(table).__name__.removesuffix("T"))
        own.operators.append(operator)
    return pack(model)


def one_operator(name: str, inputs: Sequence[Tensor], output: Tensor | Sequence[Tensor], table: Any = None) -> bytes:
    """A model of one operator."""
    tensors = [*inputs, output] if isinstance(output, Tensor) else [*inputs, *output]
    outputs = list(range(len(inputs), len(tensors)))
    return graph(tensors, [(name, list(range(len(inputs))), outputs, table)], outputs)


def pack(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def unpack(data: bytes) -> Any:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(data), 0))


class Wheel:
    """The tflite-micro wheel in a child process: it may crash on models it does not like."""

    def __init__(self) -> None:
        # Its standard error only repeats what its exceptions say.
        pipe = subprocess.PIPE
        self.child = subprocess.Popen([sys.executable, "-c", CHILD], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)

    def run(self, model: bytes, runs: Sequence[Sequence[NDArray[Any]] | None]) -> list[list[bytes]]:
        """Outputs of each run, one after the other; None resets the model and gives none. RuntimeError when the wheel refuses
        the model, EOFError when it crashes."""
        assert self.child.stdin is not None and self.child.stdout is not None
        pickle.dump((model, [None if run is None else list(run) for run in runs]), self.child.stdin)
        self.child.stdin.flush()
        answer = pickle.load(self.child.stdout)
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return list(answer)

    def close(self) -> None:
        self.child.kill()
        self.child.communicate()


CHILD = """
import pickle, sys
from tflite_micro.python.tflite_micro import runtime

def run(interpreter, inputs, count):
    if inputs is None:
        interpreter.reset()
        return []
    for index, value in enumerate(inputs):
        interpreter.set_input(value, index)
    interpreter.invoke()
    return [interpreter.get_output(index).tobytes() for index in range(count)]

def outputs(interpreter):
    count = 0
    try:
        while True:
            interpreter.get_output_details(count)
            count += 1
    except Exception:
        return count

while True:
    model, runs = pickle.load(sys.stdin.buffer)
    try:
        interpreter = runtime.Interpreter.from_bytes(model, arena_size=8 << 20)
        count = outputs(interpreter)
        answer = [run(interpreter, inputs, count) for inputs in runs]
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
"""
