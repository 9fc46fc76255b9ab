# SPDX-License-Identifier: Apache-2.0
"""The nn engine in C under ASan and UBSan: damaged models end in errors or in a bounded run, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support import nn_fuzz
from tests.support.nn_builder import Tensor, one_operator, options
from tests.support.nn_mutations import mutations, seeds
from tests.support.nn_packed import hostile, packed

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = 5000
LIBFUZZER_RUNS = 100_000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return nn_fuzz.build(tmp_path_factory.mktemp("nn_fuzz"))
    except nn_fuzz.NoCompiler as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def originals() -> list[bytes]:
    return [*seeds(), packed(), *(path.read_bytes() for path in sorted((ROOT / "models").glob("*/*.tflite")))]


def crashes(report: nn_fuzz.Report) -> list[str]:
    return [said[-3000:] for _, said in report.crashes]


def test_the_originals_run(program: Path, originals: list[bytes]) -> None:
    """Each keeps to its budget of steps and ends at once when it is cancelled: the program ends itself where one does not."""
    report = nn_fuzz.feed(program, originals)
    assert crashes(report) == []
    assert dict(report.outcomes) == {"ok": len(originals)}


def test_a_model_with_minutes_of_work_ends_when_its_steps_are_used_up(program: Path) -> None:
    """A kernel of 180 x 180 over an image of 512 x 512: 8 thousand million products, of which 300 steps do a small part."""
    kernel = Tensor((1, 180, 180, 1), 0.01, value=np.ones((1, 180, 180, 1), np.int8))
    table = options("Conv2DOptions", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
    image = Tensor((1, 512, 512, 1), 0.1, 3)
    model = one_operator("CONV_2D", [image, kernel], Tensor((1, 512, 512, 1), 0.1), table)
    report = nn_fuzz.feed(program, [model], patience=20)
    assert crashes(report) == []
    assert dict(report.outcomes) == {"out of steps": 1}


def test_damaged_models_never_crash_the_engine(program: Path, originals: list[bytes]) -> None:
    report = nn_fuzz.feed(program, mutations(originals, MUTATIONS, seed=1))
    assert crashes(report) == []
    assert sum(report.outcomes.values()) == MUTATIONS
    # The mutations reach all stages: most are refused, some still run.
    assert report.outcomes["malformed"] > MUTATIONS // 3 and report.outcomes["ok"] > MUTATIONS // 20


def test_plans_with_each_field_at_its_limits_never_crash_the_engine(program: Path) -> None:
    files = list(hostile(packed()))
    report = nn_fuzz.feed(program, (file for file in files for _ in range(2)))  # at even and at odd addresses
    assert crashes(report) == []
    assert sum(report.outcomes.values()) == 2 * len(files) > 10_000
    assert report.outcomes["malformed"] > len(files) // 3 and report.outcomes["ok"] > len(files)


def test_every_truncation_of_a_model_is_refused(program: Path, originals: list[bytes]) -> None:
    model = originals[-1]
    report = nn_fuzz.feed(program, (model[:size] for size in range(0, len(model), 13)))
    assert crashes(report) == []
    assert set(report.outcomes) == {"malformed"}


def test_bytes_that_are_no_model_are_refused(program: Path) -> None:
    report = nn_fuzz.feed(
        program, [b"", b"\0", b"TFL3", b"\xff" * 64, b"\0\0\0\0TFL3" + b"\0" * 64, b"\x08\0\0\0TFL3" + b"\xff" * 64]
    )
    assert crashes(report) == []
    assert set(report.outcomes) == {"malformed"}


def test_libfuzzer_finds_nothing_in_its_first_runs(originals: list[bytes], tmp_path: Path) -> None:
    try:
        program = nn_fuzz.build(tmp_path, libfuzzer=True)
    except nn_fuzz.NoCompiler as error:
        pytest.skip(str(error))
    found = nn_fuzz.fuzz(program, originals, tmp_path, f"-runs={LIBFUZZER_RUNS}", seed=1, timeout=100)
    assert found.findings == [], found.said
    assert found.executions >= LIBFUZZER_RUNS and found.coverage > 2000
