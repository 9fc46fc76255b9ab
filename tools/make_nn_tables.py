#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write firmware/native/nn/int16_tables.c, the tables that TensorFlow Lite interpolates in for int16 activations, and
signal_tables.c, those of the operators for signals. ``--check`` only says whether the files are current.

The exponential table is the one that TensorFlow Lite makes when it loads a model (``LUTPopulate``), in single precision. Its
sigmoid table is a constant there: the rounded sigmoid(i / 24) * 2^16, but for the entries ``ABOVE``, which are one more.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "firmware/native/nn"
ABOVE = [
    4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41, 43, 44, 45, 46, 49, 50, 54,
    62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255,
]  # fmt: skip
HEADER = """// SPDX-License-Identifier: Apache-2.0
// Made by tools/make_nn_tables.py; do not edit.
"""
COLUMNS = 16
single = np.float32


def half_away(value: np.float32) -> np.float32:
    return single(math.copysign(math.floor(abs(float(value)) + 0.5), value))


def exponentials() -> list[int]:
    """exp(-10 + i * 10 / 512) in Q0.15: each entry moved by half the error that interpolation makes in the middle."""
    step, scale = single(10 / 512), single(32768)
    curve = [exp_of(single(-10) + single(k) * step / single(2)) for k in range(2 * 512 + 1)]
    table = []
    for value, middle, following in zip(curve[0:-2:2], curve[1::2], curve[2::2], strict=True):
        sample = half_away(value * scale)
        between = half_away((following * scale + sample) / single(2))
        table.append(sample - half_away((between - half_away(middle * scale)) / single(2)))
    table.append(half_away(curve[-1] * scale))
    return [min(int(entry), 32767) for entry in table]


def exp_of(x: np.float32) -> np.float32:
    """exp of a float, rounded once."""
    return single(math.exp(float(x)))


def sigmoids() -> list[int]:
    rounded = [math.floor(65536 / (1 + math.exp(-i / 24)) + 0.5) for i in range(256)]
    return [value + (i in ABOVE) for i, value in enumerate(rounded)]


def rows(values: Iterable[int]) -> str:
    text = [str(value) for value in values]
    return "\n".join("    " + ", ".join(text[at : at + COLUMNS]) + "," for at in range(0, len(text), COLUMNS))


def table(declaration: str, values: Iterable[int]) -> str:
    return f"const {declaration} = {{\n{rows(values)}\n}};\n"


def int16_tables() -> str:
    """The text of int16_tables.c."""
    tables = [table("uint16_t nn_sigmoid_table[256]", sigmoids()), table("int16_t nn_exp_table[513]", exponentials())]
    return f'{HEADER}#include "int16_tables.h"\n\n// clang-format off\n' + "\n".join(tables)


def signal_tables() -> str:
    """The text of signal_tables.c."""
    sines = [math.floor(32767 * math.sin(2 * math.pi * i / 1024) + 0.5) for i in range(257)]
    logarithms = [math.floor(65536 * (math.log2(1 + i / 128) - i / 128) + 0.5) for i in range(129)]
    tables = [table("int16_t nn_sine_table[257]", sines), table("uint16_t nn_logarithm_table[130]", [*logarithms, 0])]
    return f'{HEADER}#include "signal.h"\n\n// clang-format off\n' + "\n".join(tables)


def main() -> int:
    texts = {FOLDER / "int16_tables.c": int16_tables(), FOLDER / "signal_tables.c": signal_tables()}
    if "--check" in sys.argv[1:]:
        return 0 if all(target.read_text() == text for target, text in texts.items()) else 1
    for target, text in texts.items():
        target.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
