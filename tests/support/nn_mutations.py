# SPDX-License-Identifier: Apache-2.0
"""Damaged models: random bytes, cut files, and fields of the schema with values that a checker might forget."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tests.support import nn_int8, nn_signal, nn_state, nn_wide
from tests.support.nn_builder import KINDS, Tensor, constant, graph, one_operator, options, pack, unpack

INTEGERS = [-(2**31), -65536, -129, -2, -1, 0, 1, 2, 3, 4, 7, 127, 255, 256, 4096, 65535, 65536, 2**24, 2**30, 2**31 - 1]
SCALES = [float("nan"), float("inf"), float("-inf"), 0.0, -1.0, 1e-45, 1e-38, 3e38, 1.0, 1e-6, 1e6]
#: The operators of the engine, and others.
CODES = [
    *range(5), 6, 9, 14, *range(17, 24), 25, 27, 28, 34, *range(39, 46), 49, *range(54, 58), 60, 65, 67, 70, 77, 82, 83, 97, 98,
    114, 117, 127, 500, -5,
]  # fmt: skip
Mutation = Callable[[Any, random.Random], None]


def seeds() -> list[bytes]:
    """One small valid model for each operator, and one of several."""
    image, small = Tensor((1, 6, 5, 3), 0.1, 3), np.random.default_rng(0)
    kernels = Tensor((4, 3, 3, 3), [0.01, 0.02, 0.03, 0.04], value=small.integers(-127, 128, (4, 3, 3, 3), np.int8))
    bias = Tensor((4,), 0.001, kind=KINDS.INT32, value=small.integers(-99, 99, 4, np.int32))
    deep = Tensor((1, 2, 2, 12), 0.01, value=small.integers(-127, 128, (1, 2, 2, 12), np.int8), axis=3)
    matrix = Tensor((4, 90), 0.01, value=small.integers(-127, 128, (4, 90), np.int8))
    conv = options("Conv2DOptions", strideH=1, strideW=2, dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=3)
    depth = options("DepthwiseConv2DOptions", strideH=2, strideW=1, depthMultiplier=4, dilationHFactor=1, dilationWFactor=1)
    pool = options("Pool2DOptions", strideH=2, strideW=2, filterHeight=3, filterWidth=2)
    row = Tensor((1, 4), 0.2, -3)
    return [
        one_operator("CONV_2D", [image, kernels, bias], Tensor((1, 6, 3, 4), 0.2, -3), conv),
        one_operator("DEPTHWISE_CONV_2D", [image, deep], Tensor((1, 3, 5, 12), 0.2, -3), depth),
        one_operator("FULLY_CONNECTED", [image, matrix, bias], row, options("FullyConnectedOptions")),
        one_operator("AVERAGE_POOL_2D", [image], Tensor((1, 3, 3, 3), 0.1, 3), pool),
        one_operator("MAX_POOL_2D", [image], Tensor((1, 3, 3, 3), 0.1, 3), pool),
        one_operator("SOFTMAX", [row], Tensor((1, 4), 1 / 256, -128), options("SoftmaxOptions", beta=1.0)),
        one_operator("ADD", [row, row], row, options("AddOptions")),
        one_operator("MEAN", [image, constant([1, 2])], Tensor((1, 3), 0.2, -3), options("ReducerOptions")),
        one_operator("PAD", [row, constant([[0, 1], [2, 3]])], Tensor((2, 9), 0.2, -3), options("PadOptions")),
        one_operator("TRANSPOSE", [image, constant([0, 3, 1, 2])], Tensor((1, 3, 6, 5), 0.1, 3), options("TransposeOptions")),
        one_operator("RESHAPE", [image, constant([1, 90])], Tensor((1, 90), 0.1, 3), options("ReshapeOptions")),
        one_operator("QUANTIZE", [image], Tensor((1, 6, 5, 3), 0.1, 9, KINDS.INT16), options("QuantizeOptions")),
        several(image, matrix, bias, row),
        *nn_int8.seeds(),
        *nn_signal.seeds(),
        *nn_state.seeds(),
        *nn_wide.seeds(),
    ]


def several(image: Tensor, matrix: Tensor, bias: Tensor, row: Tensor) -> bytes:
    """Views, shared inputs and two outputs."""
    tensors = [image, Tensor((1, 90), 0.1, 3), matrix, bias, row, row, Tensor((1, 4), 1 / 256, -128)]
    steps = [
        ("RESHAPE", [0], 1, options("ReshapeOptions")),
        ("FULLY_CONNECTED", [1, 2, 3], 4, options("FullyConnectedOptions")),
        ("ADD", [4, 4], 5, options("AddOptions")),
        ("SOFTMAX", [5], 6, options("SoftmaxOptions", beta=1.0)),
    ]
    return graph(tensors, steps, [6, 4])


def damage_shape(model: Any, chance: random.Random) -> None:
    tensor = chance.choice(model.subgraphs[0].tensors)
    shape = [int(size) for size in tensor.shape]
    if shape and chance.random() < 0.8:
        shape[chance.randrange(len(shape))] = chance.choice(INTEGERS)
    else:
        shape = [chance.choice([1, 2, 3, 2**31 - 1]) for _ in range(chance.randrange(9))]
    tensor.shape = shape


def damage_quantisation(model: Any, chance: random.Random) -> None:
    quantisation = chance.choice(model.subgraphs[0].tensors).quantization
    if quantisation is None or quantisation.scale is None:
        return
    what = chance.randrange(4)
    if what == 0:
        scales = np.array(quantisation.scale, np.float32)
        scales[chance.randrange(len(scales))] = chance.choice(SCALES)
        quantisation.scale = scales
    elif what == 1:
        points = np.array(quantisation.zeroPoint, np.int64)
        points[chance.randrange(len(points))] = chance.choice([*INTEGERS, 2**63 - 1, -(2**63)])
        quantisation.zeroPoint = points
    elif what == 2:
        quantisation.quantizedDimension = chance.choice(INTEGERS)
    else:
        count = chance.choice([0, 1, 2, 5])
        quantisation.scale = np.full(count, 0.1, np.float32)


def damage_tensor(model: Any, chance: random.Random) -> None:
    tensor = chance.choice(model.subgraphs[0].tensors)
    if chance.random() < 0.5:
        tensor.type = chance.choice([*range(20), 127, -1])
    else:
        tensor.buffer = chance.choice([0, 1, 2, 3, 4, 1000, 2**32 - 1])


def damage_wiring(model: Any, chance: random.Random) -> None:
    own = model.subgraphs[0]
    operator = chance.choice(own.operators)
    wires = chance.choice([operator, operator, own])
    name = chance.choice(["inputs", "outputs"])
    values = [int(value) for value in getattr(wires, name)]
    what = chance.randrange(3)
    if what == 0 and values:
        values[chance.randrange(len(values))] = chance.choice([*range(-2, len(own.tensors) + 1), *INTEGERS])
    elif what == 1:
        values.append(chance.randrange(-1, len(own.tensors)))
    else:
        values = values[:-1]
    setattr(wires, name, values)


def damage_options(model: Any, chance: random.Random) -> None:
    operator = chance.choice(model.subgraphs[0].operators)
    fields = vars(operator.builtinOptions) if operator.builtinOptions is not None else {}
    numbers = [name for name, value in fields.items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if not numbers or chance.random() < 0.1:
        operator.opcodeIndex = chance.choice([0, 1, 2, 3, 1000])
        return
    name = chance.choice(numbers)
    if isinstance(fields[name], float):
        setattr(operator.builtinOptions, name, chance.choice(SCALES))
    else:
        byte = "adding" in name or "ctivation" in name or "ormat" in name
        setattr(operator.builtinOptions, name, chance.randrange(-128, 128) if byte else chance.choice(INTEGERS))


def damage_code(model: Any, chance: random.Random) -> None:
    code = chance.choice(model.operatorCodes)
    code.builtinCode = chance.choice(CODES)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)


def damage_buffer(model: Any, chance: random.Random) -> None:
    buffer = chance.choice(model.buffers)
    data = b"" if buffer.data is None else bytes(bytearray(buffer.data))
    extreme = struct.pack("<i", chance.choice(INTEGERS))
    ways = [data[: len(data) // 2], data + b"\0", b"", extreme * (len(data) // 4 + 1), b"\x80" * len(data)]
    buffer.data = np.frombuffer(chance.choice(ways), np.uint8)


def damage_order(model: Any, chance: random.Random) -> None:
    own = model.subgraphs[0]
    what = chance.randrange(4)
    if what == 0:
        chance.shuffle(own.operators)
    elif what == 1:
        own.operators.append(chance.choice(own.operators))
    elif what == 2:
        own.operators = own.operators[:-1]
    else:
        model.subgraphs.append(own)


def damage_custom(model: Any, chance: random.Random) -> None:
    operator = chance.choice(model.subgraphs[0].operators)
    own = bytearray(operator.customOptions if operator.customOptions is not None else b"")
    what = chance.randrange(4)
    if what == 0 or not own:
        own = own[: chance.randrange(len(own) + 1)]
    else:
        for _ in range(what):
            own[chance.randrange(len(own))] = chance.choice([0, 1, 2, 3, 4, 7, 8, 12, 36, 39, 127, 128, 255])
    operator.customOptions = np.frombuffer(bytes(own), np.uint8)


STRUCTURAL: list[Mutation] = [
    damage_shape, damage_quantisation, damage_tensor, damage_wiring, damage_options, damage_code, damage_buffer,
    damage_order, damage_custom,
]  # fmt: skip


def structural(data: bytes, chance: random.Random) -> bytes:
    model = unpack(data)
    for _ in range(chance.choice([1, 1, 2, 3])):
        try:
            chance.choice(STRUCTURAL)(model, chance)
        except (TypeError, ValueError, IndexError):
            continue  # an earlier mutation took away what this one needs
    try:
        return pack(model)
    except (TypeError, ValueError, struct.error, OverflowError):
        return flipped(data, chance)  # the schema's classes refuse to write it


def flipped(data: bytes, chance: random.Random) -> bytes:
    own = bytearray(data)
    for _ in range(chance.choice([1, 2, 3, 8])):
        own[chance.randrange(len(own))] = chance.randrange(256)
    return bytes(own)


def reworded(data: bytes, chance: random.Random) -> bytes:
    """Some of the aligned 32-bit words replaced: most are offsets, lengths and indexes."""
    own = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4])):
        at = 4 * chance.randrange(len(own) // 4)
        near = struct.unpack_from("<i", own, at)[0] + chance.choice([-4, -2, -1, 1, 2, 4])
        value = chance.choice([*INTEGERS, near, near])
        struct.pack_into("<I", own, at, value & 0xFFFFFFFF)
    return bytes(own)


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def mutations(models: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """`count` damaged models, the same for the same seed."""
    chance = random.Random(seed)
    ways = [structural, structural, structural, flipped, reworded, reworded, cut]
    for _ in range(count):
        yield chance.choice(ways)(chance.choice(models), chance)
