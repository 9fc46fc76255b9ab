# SPDX-License-Identifier: Apache-2.0
"""Models of the operators that make features of sound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.support.nn_builder import KINDS, Step, Tensor, constant, flexible, graph, one_operator, options, pack, unpack

#: Options of SignalFilterBankSpectralSubtraction, but for the count of channels.
SUBTRACTION = {
    "alternate_one_minus_smoothing": 15401, "alternate_smoothing": 983, "clamping": False, "min_signal_remaining": 819,
    "one_minus_smoothing": 15975, "smoothing": 409, "smoothing_bits": 10, "spectral_subtraction_bits": 14,
}  # fmt: skip


def plain(kind: int, *shape: int) -> Tensor:
    """A tensor without quantisation."""
    return Tensor(shape, kind=kind)


def window(rows: int = 2, values: Any = (9, -3, 700, 4096), shift: int = 3) -> bytes:
    size = len(values)
    x = plain(KINDS.INT16, rows, size)
    return one_operator("SignalWindow", [x, constant(values, np.int16)], x, flexible({"shift": shift}))


def auto_scale(size: int = 6) -> bytes:
    x = plain(KINDS.INT16, size)
    return one_operator("SignalFftAutoScale", [x], [x, plain(KINDS.INT32)], flexible({}))


def spectrum(length: int = 16, given: int = 13) -> bytes:
    table = flexible({"T": KINDS.INT16, "fft_length": length})
    return one_operator("SignalRfft", [plain(KINDS.INT16, given)], plain(KINDS.INT16, length + 2), table)


def energy(points: int = 5, first: int = 1, after: int = 4) -> bytes:
    table = flexible({"start_index": first, "end_index": after})
    return one_operator("SignalEnergy", [plain(KINDS.INT16, 2 * points)], plain(KINDS.UINT32, points), table)


def bank(size: int = 9, widths: Any = (2, 3, 0, 4), seed: int = 0) -> bytes:
    random, channels = np.random.default_rng(seed), len(widths) - 1
    starts = [int(random.integers(0, size - width + 1)) for width in widths]
    weights = [constant(random.integers(-4096, 4097, size), np.int16) for _ in range(2)]
    tables = [constant(values, np.int16) for values in (starts, starts, widths)]
    output = plain(KINDS.UINT64, channels)
    return one_operator(
        "SignalFilterBank", [plain(KINDS.UINT32, size), *weights, *tables], output, flexible({"num_channels": channels})
    )


def root(channels: int = 4) -> bytes:
    inputs = [plain(KINDS.UINT64, channels), plain(KINDS.INT32)]
    return one_operator("SignalFilterBankSquareRoot", inputs, plain(KINDS.UINT32, channels), flexible({}))


def scaled_root(channels: int = 4) -> bytes:
    """Square roots scaled back by what an automatic scale has found."""
    tensors = [plain(KINDS.INT16, 6), plain(KINDS.UINT64, channels), plain(KINDS.INT16, 6), plain(KINDS.INT32)]
    steps: list[Step] = [
        ("SignalFftAutoScale", [0], [2, 3], flexible({})),
        ("SignalFilterBankSquareRoot", [1, 3], 4, flexible({})),
    ]
    return graph([*tensors, plain(KINDS.UINT32, channels)], steps, [4, 3])


def subtraction(channels: int = 4, **changed: int) -> bytes:
    x = plain(KINDS.UINT32, channels)
    table = flexible({**SUBTRACTION, "num_channels": channels, **changed})
    return one_operator("SignalFilterBankSpectralSubtraction", [x], [x, x], table)


def gain(channels: int = 4, gains: Any = range(125), shift: int = 6) -> bytes:
    x = plain(KINDS.UINT32, channels)
    return one_operator("SignalPCAN", [x, x, constant(gains, np.int16)], x, flexible({"snr_shift": shift}))


def logarithm(channels: int = 4, bits: int = 3, scale: int = 64) -> bytes:
    table = flexible({"input_correction_bits": bits, "output_scale": scale})
    return one_operator("SignalFilterBankLog", [plain(KINDS.UINT32, channels)], plain(KINDS.INT16, channels), table)


def cast(kind: int = KINDS.INT32, output: int = KINDS.INT8, size: int = 4) -> bytes:
    return one_operator("CAST", [plain(kind, size)], plain(output, size), options("CastOptions"))


#: Operators of int32, with their options.
ARITHMETIC = {
    "ADD": "AddOptions", "MUL": "MulOptions", "DIV": "DivOptions", "MINIMUM": "MaximumMinimumOptions",
    "MAXIMUM": "MaximumMinimumOptions",
}  # fmt: skip


def arithmetic(name: str, left: tuple[int, ...], right: tuple[int, ...], value: Any = None) -> bytes:
    """Of two tensors, the right one a constant when it has a value."""
    second = plain(KINDS.INT32, *right) if value is None else constant(value)
    shape = np.broadcast_shapes(left, second.shape)
    return one_operator(name, [plain(KINDS.INT32, *left), second], plain(KINDS.INT32, *shape), options(ARITHMETIC[name]))


def seeds() -> list[bytes]:
    """One small valid model for each operator."""
    # Energies that nobody wants are not the same everywhere, and so are roots without a sensible count of bits.
    signal = [window(), auto_scale(), spectrum(), energy(5, 0, 5), bank(), scaled_root(), subtraction(), gain(), logarithm()]
    return [*signal, cast(), *(arithmetic(name, (2, 3), (), 7) for name in ARITHMETIC)]


def _with_options(data: bytes, custom: bytes) -> bytes:
    model = unpack(data)
    model.subgraphs[0].operators[0].customOptions = np.frombuffer(custom, np.uint8)
    return pack(model)


def _named(data: bytes, name: bytes) -> bytes:
    model = unpack(data)
    model.operatorCodes[0].customCode = name
    return pack(model)


def _typed(data: bytes, tensor: int, kind: int) -> bytes:
    model = unpack(data)
    model.subgraphs[0].tensors[tensor].type = kind
    return pack(model)


def refused() -> Iterator[tuple[bytes, str]]:
    """Models that must be refused, each with its error."""
    for name in (b"SignalWindows", b"SignalWindo", b"", b"Signal\0indow"):
        yield _named(window(), name), "operator 0 (builtin 32): operator is not supported"
    missing, wide = "options without a number that the operator needs", "number out of range in the options"
    for custom in (b"", b"\0", flexible({}), flexible({"shif": 1}), flexible({"shift": "3"}), flexible({"shift": 1.5}),
                   flexible({"shift": 3})[:-1], flexible({"shift": 3})[1:], b"\xff" * 40, flexible({"shift": 3}) + bytes(2000),
                   bytes(2000) + flexible({"shift": 3})):  # fmt: skip
        yield _with_options(window(), custom), f"operator 0 (SignalWindow): {missing}"
    for shift in (-1, 32, 2**40):
        yield window(shift=shift), f"operator 0 (SignalWindow): {wide}"
    yield window(values=()), "operator 0 (SignalWindow): tensor has a dimension below 1"
    yield spectrum(24), "operator 0 (SignalRfft): length of the transform that is no power of two from 8 to 1024"
    yield spectrum(2048), "operator 0 (SignalRfft): length of the transform that is no power of two from 8 to 1024"
    yield spectrum(8), "operator 0 (SignalRfft): input or output does not fit the length of the transform"
    yield energy(first=4, after=3), f"operator 0 (SignalEnergy): {wide}"
    yield energy(after=6), f"operator 0 (SignalEnergy): {wide}"
    outside = "channel that reaches outside the spectrum or the weights"
    for slot, values in ((3, [0, 0, 0, 6]), (3, [-1, 0, 0, 0]), (4, [0, 7, 0, 0]), (5, [0, 0, -1, 0]), (5, [0, 0, 0, 32767])):
        yield _with_table(bank(), slot, values), f"operator 0 (SignalFilterBank): {outside}"
    yield gain(gains=range(124)), "operator 0 (SignalPCAN): noise or gains do not fit the channels"
    yield subtraction(num_channels=5), "operator 0 (SignalFilterBankSpectralSubtraction): input does not fit the channels"
    yield subtraction(smoothing_bits=32), f"operator 0 (SignalFilterBankSpectralSubtraction): {wide}"
    yield (
        _typed(cast(), 0, KINDS.FLOAT32),
        ("operator 0 (CAST): cast other than from integers of up to 32 bits, to these or to float32"),
    )
    yield _typed(arithmetic("DIV", (3,), (), 2), 0, KINDS.INT8), "operator 0 (builtin 42): operator is not supported"
    yield _typed(arithmetic("ADD", (3,), (), 2), 2, KINDS.INT8), "operator 0 (ADD): int32 together with other types"


def _with_table(data: bytes, slot: int, values: list[int]) -> bytes:
    model = unpack(data)
    buffer = model.subgraphs[0].tensors[slot].buffer
    model.buffers[buffer].data = np.frombuffer(np.array(values, np.int16).tobytes(), np.uint8)
    return pack(model)
