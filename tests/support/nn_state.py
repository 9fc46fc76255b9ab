# SPDX-License-Identifier: Apache-2.0
"""Models that remember earlier runs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tests.support.nn_builder import KINDS, Tensor, graph, one_operator, options, pack, unpack


def bias(count: int, scale: float, random: np.random.Generator) -> Tensor:
    return Tensor((count,), scale, 0, KINDS.INT32, random.integers(-900, 900, count, np.int32))


def svdf(
    batches: int = 1, depth: int = 4, units: int = 3, rank: int = 1, memory: int = 2, scales: tuple[float, ...] = (0.1, 0.1, 0.1),
    zeros: tuple[int, ...] = (3, 5, -3), wide: bool = False, seed: int = 0,
) -> bytes:  # fmt: skip
    """A model of one SVDF; scales and zero points are those of input, state and output."""
    random, filters = np.random.default_rng(seed), units * rank
    kind, most = (KINDS.INT16, 2047) if wide else (KINDS.INT8, 127)
    dtype, shape = (np.int16 if wide else np.int8), (filters, memory)
    inputs = [
        Tensor((batches, depth), scales[0], zeros[0]),
        Tensor((filters, depth), 0.02, value=random.integers(-127, 128, (filters, depth), np.int8)),
        Tensor(shape, 0.01, 0, kind, random.integers(-most, most + 1, shape).astype(dtype)),
        bias(units, float(np.float32(scales[1]) * np.float32(0.01)), random),
        Tensor((batches, memory * filters), scales[1], 0 if wide else zeros[1], kind, variable=True),
    ]  # fmt: skip
    table = options("SVDFOptions", rank=rank, fusedActivationFunction=1)
    return one_operator("SVDF", inputs, Tensor((batches, units), scales[2], zeros[2]), table)


def lstm(
    batches: int = 1, times: int = 2, depth: int = 3, units: int = 4, time_major: bool = False, cell_power: int = -12,
    clip: float = 10.0, scales: tuple[float, ...] = (0.05, 0.01), zeros: tuple[int, ...] = (3, -5), seed: int = 0,
) -> bytes:  # fmt: skip
    """A model of one LSTM; scales and zero points are those of input and output."""
    random, absent = np.random.default_rng(seed), -1
    first = (times, batches) if time_major else (batches, times)
    tensors = [Tensor((*first, depth), scales[0], zeros[0])]
    for columns in [depth] * 4 + [units] * 4:
        values = random.integers(-127, 128, (units, columns), np.int8)
        tensors.append(Tensor((units, columns), float(random.uniform(0.002, 0.02)), value=values))
    tensors += [bias(units, scales[0] * 0.01, random) for _ in range(4)]
    tensors.append(Tensor((batches, units), scales[1], zeros[1], variable=True))
    tensors.append(Tensor((batches, units), 2.0**cell_power, 0, KINDS.INT16, variable=True))
    tensors.append(Tensor((*first, units), scales[1], zeros[1]))
    wires = [*range(9), *[absent] * 3, *range(9, 13), absent, absent, 13, 14, *[absent] * 4]
    table = options("UnidirectionalSequenceLSTMOptions", fusedActivationFunction=4, cellClip=clip, timeMajor=time_major)
    return graph(tensors, [("UNIDIRECTIONAL_SEQUENCE_LSTM", wires, 15, table)], [15])


def seeds() -> list[bytes]:
    """One small valid model for each operator."""
    return [svdf(), svdf(batches=2, rank=2, wide=True), lstm(), lstm(batches=2, time_major=True, cell_power=-9)]


def _changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    model = unpack(data)
    change(model)
    return pack(model)


def _tensor(index: int, name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(model.subgraphs[0].tensors[index], name, value)


def _option(name: str, value: Any) -> Callable[[Any], None]:
    return lambda model: setattr(model.subgraphs[0].operators[0].builtinOptions, name, value)


def _input(slot: int, tensor: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        model.subgraphs[0].operators[0].inputs[slot] = tensor

    return change


def _shared_state(model: Any) -> None:
    own = model.subgraphs[0]
    own.operators.append(copy.deepcopy(own.operators[0]))
    own.tensors.append(copy.deepcopy(own.tensors[5]))
    own.operators[1].outputs = [6]


def _output_is_state(model: Any) -> None:
    model.subgraphs[0].outputs = [4]


#: change of the model of one SVDF, reason
SVDF_CHANGES: list[tuple[Callable[[Any], None], str]] = [
    (_tensor(4, "isVariable", False), "state that is not a variable tensor without a value"),
    (_tensor(0, "isVariable", True), "variable tensor that is not the state of its operator"),
    (_tensor(4, "type", KINDS.INT16), "types other than int8 weights, int32 bias, and int8 or int16 state and time"),
    (_tensor(4, "shape", [1, 7]), "shapes do not fit each other"),
    (_tensor(4, "shape", [1, 2**30]), "tensor has 16 MiB or more"),
    (_tensor(5, "shape", [1, 4]), "shapes do not fit each other"),
    (_tensor(1, "buffer", 0), "weights or bias that are not constant"),
    (_option("rank", 0), "rank does not divide the filters"),
    (_option("rank", 2), "rank does not divide the filters"),
    (_option("rank", -3), "rank does not divide the filters"),
    (_input(3, -1), "tensor index out of range"),
]


#: change of the model of one LSTM, reason
LSTM_CHANGES: list[tuple[Callable[[Any], None], str]] = [
    (_tensor(13, "isVariable", False), "state that is not a variable tensor without a value"),
    (_tensor(14, "type", KINDS.INT8), "cell state that is not int16 with a value for each unit"),
    (_tensor(14, "shape", [1, 5]), "cell state that is not int16 with a value for each unit"),
    (_tensor(13, "shape", [4]), "state that does not have a value for each unit"),
    (_tensor(0, "shape", [2, 3]), "input and output are not series of the same length"),
    (_tensor(0, "shape", [1, 2, 2]), "shape of weights does not fit input and state"),
    (_tensor(15, "shape", [1, 3, 4]), "input and output are not series of the same length"),
    (_tensor(9, "shape", [3]), "bias that is not constant int32 with a value for each unit"),
    (_tensor(1, "buffer", 0), "weights that are not constant int8 around zero"),
    (_option("fusedActivationFunction", 1), "activation other than TANH"),
    (_option("diagonalRecurrentTensors", True), "diagonal recurrent weights"),
    (_input(9, 9), "peepholes, projection or layer normalisation"),
    (_input(23, 9), "peepholes, projection or layer normalisation"),
    (_input(1, -1), "tensor index out of range"),
]


def refused() -> Iterator[tuple[bytes, str]]:
    """Models that must be refused, each with its error."""
    for change, reason in SVDF_CHANGES:
        yield _changed(svdf(), change), f"operator 0 (SVDF): {reason}"
    for change, reason in LSTM_CHANGES:
        yield _changed(lstm(), change), f"operator 0 (UNIDIRECTIONAL_SEQUENCE_LSTM): {reason}"
    yield (
        lstm(cell_power=1),
        ("operator 0 (UNIDIRECTIONAL_SEQUENCE_LSTM): cell state whose scale is no power of two from 2^-27 to 1"),
    )
    yield _changed(svdf(), _shared_state), "operator 1 (SVDF): variable tensor of two operators"
    yield _changed(svdf(), _output_is_state), "tensor is read before it is written"
