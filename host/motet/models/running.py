# SPDX-License-Identifier: Apache-2.0
"""Runs models on the device engine and on the tflite-micro wheel of this machine, and finds where two results part."""

from __future__ import annotations

import hashlib
import math
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from motet.models.children import ENGINE, GRAPH, WHEEL, ask
from motet.models.inspection import ModelError, Tensor

Engine = Literal["native", "wheel"]
Inputs = Sequence[bytes]
#: Of one element, as the module struct names them.
CODES = {
    "int8": "b", "uint8": "B", "bool": "?", "int16": "h", "int32": "i", "uint32": "I", "float32": "f", "int64": "q",
    "uint64": "Q",
}  # fmt: skip


@dataclass(frozen=True)
class Ports:
    """Inputs and outputs of a model as the device engine sees them, and what it needs on this machine."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    arena_bytes: int
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What one engine made of some runs: the bytes of each output of each run; times in nanoseconds, of one run."""

    outputs: tuple[tuple[bytes, ...], ...]
    load_ns: int
    run_ns: int

    @property
    def sha256(self) -> str:
        """Of all output bytes in their order."""
        digest = hashlib.sha256()
        for output in (one for run in self.outputs for one in run):
            digest.update(output)
        return digest.hexdigest()


@dataclass(frozen=True)
class Difference:
    """The first tensor, in the order of the operators, that two engines do not agree on; index -1 when only the outputs of the
    whole model differ, as it can be with tensors that share memory."""

    run: int
    operator: int
    kind: str
    tensor: str
    byte: int
    native: int
    wheel: int


def ports(data: bytes, what: str) -> Ports:
    """Loads a model on the device engine. Raises ModelError when that refuses it."""
    answer = ask(ENGINE, {"model": data, "runs": []}, what)
    inputs, outputs = _tensors(answer["inputs"]), _tensors(answer["outputs"])
    return Ports(inputs, outputs, answer["arena_bytes"], tuple(answer["operators"]))


def wheel_inputs(data: bytes, what: str) -> tuple[Tensor, ...]:
    """Inputs as the wheel sees them, without names and scales. Raises ModelError when the wheel refuses the model."""
    return _tensors(ask(WHEEL, {"model": data, "runs": []}, what)["inputs"])


def run(data: bytes, runs: Sequence[Inputs], engine: Engine, what: str) -> Result:
    """Runs a model on each of ``runs`` in turn; a stateful one keeps its state between them. Raises ModelError."""
    module = ENGINE if engine == "native" else WHEEL
    answer = ask(module, {"model": data, "runs": [list(inputs) for inputs in runs]}, what)
    return Result(tuple(map(tuple, answer["results"])), answer["load_ns"], answer["run_ns"])


def size(tensor: Tensor) -> int:
    """Bytes of a tensor."""
    return math.prod(tensor.shape) * struct.calcsize("<" + CODES[tensor.dtype])


def numbers(data: bytes, tensor: Tensor) -> tuple[Any, ...]:
    """The elements of a tensor in their order."""
    return struct.unpack(f"<{math.prod(tensor.shape)}{CODES[tensor.dtype]}", data)


def random_inputs(inputs: Sequence[Tensor], count: int, seed: int = 0) -> list[list[bytes]]:
    """Inputs for ``count`` runs, the same for the same seed: any bytes, floats between -1 and 1."""
    chance = random.Random(seed)
    return [[_random(chance, one) for one in inputs] for _ in range(count)]


def _random(chance: random.Random, tensor: Tensor) -> bytes:
    if tensor.dtype == "float32":
        count = math.prod(tensor.shape)
        return struct.pack(f"<{count}f", *(chance.uniform(-1, 1) for _ in range(count)))
    if tensor.dtype == "bool":
        return bytes(chance.getrandbits(1) for _ in range(size(tensor)))
    return chance.randbytes(size(tensor))


def read_inputs(files: Sequence[Path], inputs: Sequence[Tensor]) -> list[bytes]:
    """The content of .npy files as the inputs of a model; dtype and number of elements must be right. Raises ModelError."""
    if len(files) != len(inputs):
        raise ModelError(f"{len(files)} input files, the model has {len(inputs)} inputs")
    return [_read(file, tensor) for file, tensor in zip(files, inputs, strict=True)]


def _read(file: Path, tensor: Tensor) -> bytes:
    try:
        import numpy as np

        value = np.load(file, allow_pickle=False)
    except ImportError:
        raise ModelError(f"{file}: reading it needs numpy: pip install 'motet[models]'") from None
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{file}: not a .npy file that can be read: {error}") from error
    if value.dtype != tensor.dtype or value.size != math.prod(tensor.shape):
        has, needs = f"{value.dtype} {list(value.shape)}", f"{tensor.dtype} {list(tensor.shape)}"
        raise ModelError(f"{file}: is {has}, input {tensor.name or '0'} needs {needs}")
    return np.ascontiguousarray(value).tobytes()


def first_difference(data: bytes, runs: Sequence[Inputs], what: str) -> Difference | None:
    """Where device engine and wheel part, None when every tensor of every run is the same. Raises ModelError."""
    native, wheel = (run(data, runs, engine, what) for engine in ("native", "wheel"))
    opened = ask(GRAPH, {"work": "exposed", "model": data}, what)
    layers = [run(opened["data"], runs, engine, what) for engine in ("native", "wheel")]
    for number, (first, second) in enumerate(zip(layers[0].outputs, layers[1].outputs, strict=True)):
        for (operator, kind, name), one, other in zip(opened["layers"], first, second, strict=True):
            if one != other:
                return Difference(number, operator, kind, name, *_element(one, other))
    for number, (first, second) in enumerate(zip(native.outputs, wheel.outputs, strict=True)):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            if one != other:
                return Difference(number, -1, "model", f"output {index}", *_element(one, other))
    return None


def _element(one: bytes, other: bytes) -> tuple[int, int, int]:
    at = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other)))
    return at, one[at] if at < len(one) else -1, other[at] if at < len(other) else -1


def _tensors(rows: list[list[Any]]) -> tuple[Tensor, ...]:
    return tuple(Tensor(name, tuple(shape), dtype, scale, zero) for name, shape, dtype, scale, zero in rows)
