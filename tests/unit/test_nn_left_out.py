# SPDX-License-Identifier: Apache-2.0
"""The engine built without all that a build may leave out, and its own exponential function, as a library of C functions."""

from __future__ import annotations

import ctypes
import ctypes.util
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support import nn_library, nn_signal, nn_state, nn_wide
from tests.support.nn_builder import Tensor, one_operator, options

NATIVE = Path(__file__).resolve().parents[2] / "firmware/native"


class Error(ctypes.Structure):
    """nn_error of nn.h."""

    _fields_ = [
        ("status", ctypes.c_int), ("operator_index", ctypes.c_int32), ("builtin", ctypes.c_int32),
        ("name", ctypes.c_char_p), ("reason", ctypes.c_char_p), ("code", ctypes.c_uint8),
    ]  # fmt: skip


def compiled(folder: Path, *parts: str) -> ctypes.CDLL:
    """The engine without these parts."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler is installed")
    library = folder / "engine.so"
    sources = [*map(str, sorted((NATIVE / "nn").glob("*.c"))), str(NATIVE / "cancel.c")]
    defines = [f"-DNN_WITHOUT_{part}" for part in parts]
    command = [compiler, "-std=c11", "-O1", "-shared", "-fPIC", *defines, f"-I{NATIVE}", *sources, "-o", str(library)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return compiled(tmp_path_factory.mktemp("nn"), "FLOAT", "INT16", "SIGNAL", "STATE")


def refusal(engine: ctypes.CDLL, model: bytes) -> str | None:
    error, table_bytes = Error(), ctypes.c_size_t()
    engine.nn_measure.restype = ctypes.c_bool
    if engine.nn_measure(model, ctypes.c_size_t(len(model)), ctypes.byref(table_bytes), ctypes.byref(error)):
        return None
    return f"{error.name.decode() if error.name else error.builtin}: {error.reason.decode()}"


def test_a_build_without_int16_and_float32_refuses_their_layers(engine: ctypes.CDLL) -> None:
    for models in (nn_wide.int16_seeds(), nn_wide.float_seeds()):
        for name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SOFTMAX", "LOGISTIC"):
            assert refusal(engine, models[name]) == f"{name}: activation that is not int8"


def test_a_build_without_texts_gives_the_status_and_the_code_of_the_reason(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("without", "with")]
    for folder in folders:
        folder.mkdir()
    engine, whole = compiled(folders[0], "TEXTS"), nn_library.build(folders[1])
    whole.nn_reason_text.restype = ctypes.c_char_p
    cases = {
        b"no model at all, but long enough": ("malformed", "not a TensorFlow Lite model"),
        nn_wide.int16_seeds()["ADD"][:200]: ("malformed", "file is truncated or its root table is damaged"),
        one_operator("ABS", [Tensor((1, 4), 0.1)], Tensor((1, 4), 0.1)): ("unsupported", "operator is not supported"),
    }
    for model, (status, text) in cases.items():
        error, table_bytes = Error(), ctypes.c_size_t()
        assert not engine.nn_measure(model, ctypes.c_size_t(len(model)), ctypes.byref(table_bytes), ctypes.byref(error))
        assert (error.reason.decode(), whole.nn_reason_text(error.code).decode()) == (status, text)


def test_a_build_without_int16_and_float32_still_has_int8(engine: ctypes.CDLL) -> None:
    row = Tensor((1, 4), 0.1)
    assert refusal(engine, one_operator("ADD", [row, row], row, options("AddOptions"))) is None


def test_a_build_without_state_and_signals_refuses_their_operators(engine: ctypes.CDLL) -> None:
    given = {refusal(engine, model) for model in [*nn_state.seeds(), *nn_signal.seeds()]}
    assert given == {
        *(f"{builtin}: operator is not supported" for builtin in (27, 32, 42, 44, 53)),
        *(f"{name}: activation that is not int8" for name in ("ADD", "MUL", "MINIMUM", "MAXIMUM")),
    }


def floats() -> NDArray[np.float32]:
    """Numbers of all sizes, of usual sizes, and at the ends of the range."""
    random = np.random.default_rng(0)
    bits = random.integers(0, 2**32, 40_000, np.uint32).view(np.float32)
    ends = np.array(
        [88.722839, 88.722847, -87.336544, -87.336548, -103.97207, -103.97209, 0.0, -0.0, np.inf, -np.inf], np.float32
    )
    return np.concatenate([bits[~np.isnan(bits)], random.normal(0, 20, 40_000).astype(np.float32), ends])


def test_the_exponential_function_is_within_one_unit_in_the_last_place(engine: ctypes.CDLL) -> None:
    engine.nn_exp.restype, engine.nn_exp.argtypes = ctypes.c_float, [ctypes.c_float]
    with np.errstate(over="ignore", under="ignore"):
        for x in floats():
            exact, own = np.exp(np.float64(x)), np.float32(engine.nn_exp(x))
            nearest = np.float32(exact)
            assert own == nearest or abs(float(own) - exact) < np.spacing(nearest), x
    assert math.isnan(engine.nn_exp(math.nan))
