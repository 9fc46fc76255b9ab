# SPDX-License-Identifier: Apache-2.0
"""Both rounding modes of the engine against the formulas, written down in nn_rounding with Python's integers."""

from __future__ import annotations

import ctypes
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.dual.fixtures_nn import GOLDEN
from tests.support import nn_rounding_wide
from tests.support.nn_builder import Tensor, constant, one_operator, options, unpack
from tests.support.nn_kernels import fnv1a
from tests.support.nn_library import Model, build
from tests.support.nn_rounding import CASES, Case, by_channel, single
from tests.support.nn_rounding_state import lstm, svdf
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import nn_bare  # noqa: E402

MODES = {"double": 0, "single": 1}
FAMILIES = {
    **CASES, "CONV_2D int16": nn_rounding_wide.convolution, "SOFTMAX int16": nn_rounding_wide.softmax, "SVDF": svdf,
    "SVDF of int16 state": partial(svdf, wide=True), "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
}  # fmt: skip
#: Cases of a family until one of them tells the modes apart.
MOST = 60
#: What scales nothing, or with functions of its own that round in one way only.
UNAFFECTED = {
    "ARG_MAX", "AVERAGE_POOL_2D", "CONCATENATION", "DEQUANTIZE", "EXPAND_DIMS", "HARD_SWISH", "LOGISTIC", "MAXIMUM",
    "MAX_POOL_2D", "MINIMUM", "PACK", "PAD", "PADV2", "REDUCE_MAX", "RELU6", "RESHAPE", "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR", "SHAPE", "SLICE", "SOFTMAX", "SPLIT", "SQUEEZE", "STRIDED_SLICE", "TANH", "TRANSPOSE",
}  # fmt: skip


@pytest.fixture(scope="module", params=MODES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ctypes.CDLL]:
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, build(folder, f"-DMOTET_NN_SINGLE_ROUNDING={MODES[request.param]}")


@pytest.mark.parametrize("family", FAMILIES)
def test_an_operator_rounds_as_the_formula_says(engine: tuple[str, ctypes.CDLL], family: str) -> None:
    mode, library = engine
    chance = np.random.default_rng(3)
    differing = 0
    for number in range(MOST):
        case = FAMILIES[family](chance)
        assert Model(library, case.model).run([data.tobytes() for data in case.inputs]) == [case.wanted(mode)]
        differing += case.wanted("single") != case.wanted("double")
        if differing and number >= 5:
            break
    assert differing > 0, "the modes cannot be told apart"


def test_layers_with_left_shifts_round_as_the_formula_says(engine: tuple[str, ctypes.CDLL]) -> None:
    mode, library = engine
    chance = np.random.default_rng(3)
    for _ in range(60):
        scales = [single(value) for value in chance.uniform(1e-4, 3.0, 16)]
        weights = chance.integers(-127, 128, (16, 9), np.int8)
        bias, data = chance.integers(-500, 500, 16), chance.integers(-128, 128, 9, np.int8)
        inputs = [Tensor((1, 9), 0.5, 5), Tensor((16, 9), scales, value=weights), constant(bias)]
        model = one_operator("FULLY_CONNECTED", inputs, Tensor((1, 16), 0.75, -7), options("FullyConnectedOptions"))
        sums = weights.astype(int) @ (data.astype(int) - 5) + bias
        assert Model(library, model).run([data.tobytes()]) == [by_channel(sums[None], scales)(mode)]


def test_what_the_mode_does_not_touch_gives_the_bytes_of_the_reference_in_both(engine: tuple[str, ctypes.CDLL]) -> None:
    seen = set()
    for model, inputs, outputs in GOLDEN:
        names = names_of(model)
        if names <= UNAFFECTED:
            assert Model(engine[1], model).run(inputs) == outputs, names
            seen |= names
    assert seen == UNAFFECTED


@pytest.mark.board
@pytest.mark.parametrize("name", ["cortex-m4", "cortex-m55"])
def test_a_core_with_kernels_of_its_own_rounds_once_as_the_formulas_say(name: str, tmp_path: Path) -> None:
    """On the emulated core: products in the instructions for signals of Cortex-M4 and in the vectors of Cortex-M55."""
    own = nn_bare.CPUS[name]
    for tool in (own.prefix + "gcc", own.emulator):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    chance = np.random.default_rng(5)
    cases = {family: differing(FAMILIES[family], chance) for family in FAMILIES}
    jobs = [nn_bare.Job(case.model, b"".join(data.tobytes() for data in case.inputs)) for case in cases.values()]
    found = nn_bare.Engine(name, tmp_path, flags=["-DMOTET_NN_SINGLE_ROUNDING=1"]).bench(jobs)
    wanted = {family: fnv1a(case.wanted("single")) for family, case in cases.items()}
    assert dict(zip(cases, (one.get("output_fnv1a", one) for one in found), strict=True)) == wanted


def differing(family: Callable[[np.random.Generator], Case], chance: np.random.Generator) -> Case:
    """A case that tells the modes apart."""
    cases = (family(chance) for _ in range(MOST))
    return next(case for case in cases if case.wanted("single") != case.wanted("double"))


def names_of(model: bytes) -> set[str]:
    own = unpack(model)
    known = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    return {known[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in own.operatorCodes}
