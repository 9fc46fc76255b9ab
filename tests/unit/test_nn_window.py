# SPDX-License-Identifier: Apache-2.0
"""How far an output may overwrite its image: the engine's bound against all taps of each pixel of random small windows."""

from __future__ import annotations

import ctypes
import random

import pytest
from tests.support import nn_library

ALIGN = 8  # NN_ALIGN: of the bound
NEVER = 0xFFFFFFFF
WINDOWS = 4000


class Window(ctypes.Structure):
    """nn_window of window.h."""

    _fields_ = [
        *((name, ctypes.c_int32) for name in ("in_h", "in_w", "in_c", "out_h", "out_w", "out_c", "batches", "pad_h", "pad_w")),
        *((name, ctypes.c_uint16) for name in ("kernel_h", "kernel_w")),
        *((name, ctypes.c_uint8) for name in ("stride_h", "stride_w", "dilation_h", "dilation_w")),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = nn_library.build(tmp_path_factory.mktemp("window"))
    library.nn_window_forward.restype = ctypes.c_uint32
    return library


def axis(random: random.Random, largest: int) -> tuple[int, int, int, int, int, int]:
    """Sizes in and out, padding, kernel, stride and dilation, as the padding rules SAME and VALID tie them together."""
    kernel, stride, dilation = random.randint(1, 6), random.randint(1, 5), random.choice((1, 1, 2, 3))
    reach, size = (kernel - 1) * dilation + 1, random.randint(1, largest)
    if random.random() < 0.5:
        out = -(-size // stride)
        return size, out, max(0, (out - 1) * stride + reach - size) // 2, kernel, stride, dilation
    size += reach - 1
    return size, (size - reach) // stride + 1, 0, kernel, stride, dilation


def window(random: random.Random) -> Window:
    in_h, out_h, pad_h, kernel_h, stride_h, dilation_h = axis(random, 9)
    in_w, out_w, pad_w, kernel_w, stride_w, dilation_w = axis(random, 9)
    in_c, out_c = random.randint(1, 9), random.choice((1, 2, 3, 4, 8, 17, 40))
    return Window(in_h, in_w, in_c, out_h, out_w, out_c, 1, pad_h, pad_w,
                  kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w)  # fmt: skip


def first_read(w: Window, y: int, x: int) -> int | None:
    """The first byte of the image under the window at an output pixel; None when there is none."""
    taps = [
        (row * w.in_w + column) * w.in_c
        for row in range(y * w.stride_h - w.pad_h, y * w.stride_h - w.pad_h + w.kernel_h * w.dilation_h, w.dilation_h)
        for column in range(x * w.stride_w - w.pad_w, x * w.stride_w - w.pad_w + w.kernel_w * w.dilation_w, w.dilation_w)
        if 0 <= row < w.in_h and 0 <= column < w.in_w
    ]
    return min(taps, default=None)


def needed_lead(w: Window, together: int) -> int:
    """How many bytes before the image the output must begin, by what is still to be read as each group is written."""
    reads = [first_read(w, y, x) for y in range(w.out_h) for x in range(w.out_w)]
    lead, step = 0, max(together, 1)
    for first in range(0, len(reads), step):
        written = (first + step) * w.out_c
        left = [read for read in reads[first if together else first + 1 :] if read is not None]
        lead = max(lead, written - min(left)) if left else lead
    return lead


def test_an_output_never_overtakes_what_is_still_to_be_read(engine: ctypes.CDLL) -> None:
    chance, close, checks = random.Random(20261120), 0, 0
    for _ in range(WINDOWS):
        w = window(chance)
        for together in {0, 1, w.out_w}:
            bound, needed = engine.nn_window_forward(ctypes.byref(w), together), needed_lead(w, together)
            told = {field[0]: getattr(w, field[0]) for field in Window._fields_}
            assert bound % ALIGN == 0 and bound >= needed, (told, together, bound, needed)
            close += bound - needed < ALIGN
            checks += 1
    assert close > 0.8 * checks  # nor does it keep memory apart that could be shared


def test_images_of_a_batch_are_not_overwritten(engine: ctypes.CDLL) -> None:
    w = window(random.Random(1))
    w.batches = 2
    assert engine.nn_window_forward(ctypes.byref(w), 0) == NEVER
