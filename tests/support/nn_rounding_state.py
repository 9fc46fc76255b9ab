# SPDX-License-Identifier: Apache-2.0
"""SVDF and LSTM in either way of rounding, as nn_rounding has the operators that remember nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from motet_native import nn
from tests.support import nn_state
from tests.support.nn_builder import KINDS, Tensor, one_operator, unpack
from tests.support.nn_rounding import Array, Case, packed, scale_of, some

LEAST, MOST = -(1 << 15), (1 << 15) - 1


class Constants:
    """Scales and values of a model's tensors, by index."""

    def __init__(self, model: bytes) -> None:
        self.model = unpack(model)

    def scale(self, index: int) -> float:
        return float(self.model.subgraphs[0].tensors[index].quantization.scale[0])

    def value(self, index: int, dtype: type = np.int8) -> Array:
        tensor = self.model.subgraphs[0].tensors[index]
        data = bytes(bytearray(self.model.buffers[tensor.buffer].data))
        return np.frombuffer(data, dtype).reshape(list(tensor.shape)).astype(int)


def svdf(chance: np.random.Generator, wide: bool = False) -> Case:
    """The first run: all that it remembers is the newest answer, of int8 or int16. Its factors are computed in float32."""
    scales, dtype = ((0.1, 0.01, 3.0), np.int16) if wide else ((0.1, 0.5, 0.3), np.int8)
    model = nn_state.svdf(depth=8, units=60, scales=scales, wide=wide, seed=int(chance.integers(1 << 30)))
    own, data, limits = Constants(model), some(chance, (1, 8)), np.iinfo(dtype)
    sums = own.value(1) @ (data[0].astype(int) - 3)
    time, bias = own.value(2, dtype)[:, -1], own.value(3, np.int32)
    x, weights, times, state, out = (np.float32(own.scale(at)) for at in (0, 1, 2, 4, 5))

    def wanted(mode: str) -> bytes:
        by = scale_of(mode)
        kept = [min(max(by(value, float(x * weights / state)), int(limits.min)), int(limits.max)) for value in sums]
        seen = kept if wide else [wrapped(one + 5) for one in kept]  # at the limit it wraps when the state has a zero point
        answers = zip(seen, time, bias, strict=True)
        return packed(by(one * now + more, float(state * times / out)) - 3 for one, now, more in answers)

    return Case(model, [data], wanted)


def wrapped(value: int) -> int:
    """An int8 with the zero point of the state, 5, without it."""
    return (value + 128) % 256 - 128 - 5


@lru_cache(maxsize=2)
def curve(name: str) -> Array:
    """LOGISTIC or TANH of every int16 in Q3.12: held against the reference by the tests of int16, and the same in both modes."""
    x = Tensor((1, 1 << 16), 2.0**-12, 0, KINDS.INT16)
    model = nn.Model(one_operator(name, [x], Tensor(x.shape, 2.0**-15, 0, KINDS.INT16), None))
    (found,) = model.predict([np.arange(LEAST, MOST + 1, dtype=np.int16).tobytes()])
    return np.frombuffer(found, np.int16).astype(int)


def saturated(value: Any) -> int:
    return min(max(int(value), LEAST), MOST)


def lstm(chance: np.random.Generator) -> Case:
    model = nn_state.lstm(times=5, depth=6, units=12, scales=(0.004, 0.008), seed=int(chance.integers(1 << 30)))
    own, data = Constants(model), some(chance, (1, 5, 6))
    x_scale, h_scale, (x_zero, h_zero) = own.scale(0), own.scale(13), (3, -5)

    def gate(mode: str, index: int, x: Array, hidden: Array) -> list[int]:
        by = scale_of(mode)
        sums = own.value(1 + index) @ (x - x_zero) + own.value(9 + index, np.int32)
        more = own.value(5 + index) @ (hidden - h_zero)
        ratios = x_scale * own.scale(1 + index) * 4096, h_scale * own.scale(5 + index) * 4096
        values = (saturated(by(a, ratios[0])) + saturated(by(b, ratios[1])) for a, b in zip(sums, more, strict=True))
        table = curve("TANH" if index == 2 else "LOGISTIC")
        return [int(table[saturated(value) - LEAST]) for value in values]

    def wanted(mode: str) -> bytes:
        by, cell, hidden, found = scale_of(mode), [0] * 12, np.full(12, h_zero), b""
        for x in data[0].astype(int):
            enter, forget, new, leave = (gate(mode, index, x, hidden) for index in range(4))
            kept = (saturated(by(a * b, 2.0**-15)) for a, b in zip(forget, cell, strict=True))
            added = (saturated(by(a * b, 2.0**-18)) for a, b in zip(enter, new, strict=True))
            cell = [saturated(a + b) for a, b in zip(kept, added, strict=True)]
            out = [int(curve("TANH")[one - LEAST]) * b for one, b in zip(cell, leave, strict=True)]
            row = packed(by(one, 2.0**-30 / h_scale) + h_zero for one in out)
            hidden, found = np.frombuffer(row, np.int8).astype(int), found + row
        return found

    return Case(model, [data], wanted)
