# SPDX-License-Identifier: Apache-2.0
"""The nn engine in C under ASan and UBSan: damaged models end in errors or in a bounded run, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import nn_fuzz
from tests.support.nn_mutations import mutations, seeds

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = 500


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return nn_fuzz.build(tmp_path_factory.mktemp("nn_fuzz"))
    except nn_fuzz.NoCompiler as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def originals() -> list[bytes]:
    return [*seeds(), *(path.read_bytes() for path in sorted((ROOT / "models").glob("*/*.tflite")))]


def crashes(report: nn_fuzz.Report) -> list[str]:
    return [said[-3000:] for _, said in report.crashes]


def test_the_originals_run(program: Path, originals: list[bytes]) -> None:
    report = nn_fuzz.feed(program, originals)
    assert crashes(report) == []
    assert dict(report.outcomes) == {"ok": len(originals)}


def test_damaged_models_never_crash_the_engine(program: Path, originals: list[bytes]) -> None:
    report = nn_fuzz.feed(program, mutations(originals, MUTATIONS, seed=1))
    assert crashes(report) == []
    assert sum(report.outcomes.values()) == MUTATIONS
    # The mutations reach all stages: most are refused, some still run.
    assert report.outcomes["malformed"] > MUTATIONS // 3 and report.outcomes["ok"] > MUTATIONS // 20


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
