# SPDX-License-Identifier: Apache-2.0
"""One engine, the same bytes on every CPU: Cortex-M0+, M3, M4, M55 and RV32, emulated, against the reference and this machine.

Kernels, our own models and loading them keep to their instructions there, which `tests/bench/bench_nn.py --budgets` sets.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from motet_native import nn
from tests.dual.fixtures_nn import GOLDEN, SERIES
from tests.support import nn_kernels, public_models
from tests.support.nn_kernels import fnv1a
from tests.support.nn_shapes import every_remainder

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import nn_bare  # noqa: E402
from nn_bare import Engine, Job  # noqa: E402

pytestmark = pytest.mark.board
OWN = sorted((ROOT / "models").glob("*/*.tflite"))
DTYPES = {"int8": np.int8, "uint8": np.uint8, "int16": np.int16, "int32": np.int32}


@pytest.fixture(scope="module", params=nn_bare.CPUS)
def core(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine on an emulated core."""
    own = nn_bare.CPUS[request.param]
    for program in (own.prefix + "gcc", own.emulator):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    return Engine(request.param, tmp_path_factory.mktemp(request.param))


def random_runs(model: nn.Model, count: int) -> list[list[bytes]]:
    """Inputs over the whole range of integers; floats of ordinary size."""
    chance = np.random.default_rng(1)

    def one(shape: tuple[int, ...], kind: str) -> bytes:
        if kind == "float32":
            return chance.normal(0, 3, shape).astype(np.float32).tobytes()
        limits = np.iinfo(DTYPES[kind])
        return chance.integers(limits.min, limits.max, shape, DTYPES[kind], endpoint=True).tobytes()

    return [[one(shape, kind) for _, shape, kind, _, _ in model.inputs] for _ in range(count)]


def job(model: bytes, runs: Sequence[Sequence[bytes]]) -> Job:
    return Job(model, b"".join(part for run in runs for part in run))


def on_host(model: bytes, runs: Sequence[Sequence[bytes]]) -> str:
    own = nn.Model(model)
    return fnv1a(b"".join(part for run in runs for part in own.predict(list(run))))


def check(core: Engine, models: Sequence[bytes], runs: int) -> None:
    """The core gives this machine's bytes."""
    given = [random_runs(nn.Model(model), runs) for model in models]
    found = core.bench([job(*pair) for pair in zip(models, given, strict=True)])
    assert [one.get("output_fnv1a", one) for one in found] == [on_host(*pair) for pair in zip(models, given, strict=True)]


def test_golden_models_give_the_bytes_of_the_reference(core: Engine) -> None:
    cases = [*((model, [inputs], [outputs]) for model, inputs, outputs in GOLDEN), *SERIES]
    found = core.bench([job(model, runs) for model, runs, _ in cases])
    wanted = [fnv1a(b"".join(part for run in outputs for part in run)) for _, _, outputs in cases]
    assert len(cases) > 80
    assert [one.get("output_fnv1a", one) for one in found] == wanted


def test_layers_of_every_remainder_give_the_bytes_of_this_machine(core: Engine) -> None:
    check(core, every_remainder(), 2)


def test_our_own_models_give_the_bytes_of_this_machine(core: Engine) -> None:
    assert len(OWN) >= 4
    check(core, [path.read_bytes() for path in OWN], 3)


@public_models.needed
def test_public_models_give_the_bytes_of_this_machine(core: Engine) -> None:
    check(core, [path.read_bytes() for path in sorted(public_models.FOLDER.glob("**/*.tflite"))], 2)


def test_a_core_says_why_it_refuses_a_model_and_goes_on_with_the_next(core: Engine) -> None:
    digits = OWN[0].read_bytes()
    refused, taken = core.bench([Job(digits[:200]), Job(digits)])
    assert "output_fnv1a" not in refused and refused["error"]
    assert "error" not in taken and taken["output_fnv1a"]


def test_every_kernel_and_loading_has_a_budget_on_every_cpu() -> None:
    names = {*nn_kernels.kernels(), *nn_kernels.packed()}
    assert {cpu: set(own) for cpu, own in nn_kernels.budgets().items()} == dict.fromkeys(nn_bare.CPUS, names)


def test_no_kernel_or_loading_is_more_than_three_percent_over_its_budget(core: Engine) -> None:
    found, allowed = nn_kernels.measured(core), nn_kernels.budgets()[core.name]
    over = {name: (cost, allowed[name]) for name, cost in found.items() if cost > nn_kernels.SLACK * allowed[name]}
    assert over == {}, "instructions and budget; when this is meant: tests/bench/bench_nn.py --budgets"


def test_the_cards_of_our_models_tell_the_instructions_of_the_budgets() -> None:
    cards = nn_kernels.cards()
    assert len(cards) == 3
    assert {card: card.read_text() for card in cards} == cards, "tests/bench/bench_nn.py --budgets writes them"
