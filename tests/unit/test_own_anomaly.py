# SPDX-License-Identifier: Apache-2.0
"""The anomaly model: the bytes of the wheel on all of its test data, quality in int8 beside float, its detector, its trainer."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from motet_native import nn
from numpy.typing import NDArray
from tests.support.nn_builder import Wheel
from tests.support.own_models import OWN, here, modules, on_micropython, trained

MODEL = OWN / "anomaly/sea_anomaly.tflite"
injection, series, detector, train = modules("anomaly", "injection", "series", "detector", "train")
TEST = series.part(series.TEST, series.END)
FAULTS = injection.injected(TEST)
LIMIT = 1.26


def integers(windows: NDArray[np.float64]) -> NDArray[np.int8]:
    return np.asarray(series.DEGREES.quantise(windows)[:, None, :])


def everything() -> NDArray[np.int8]:
    """All windows of the test part, as recorded and with synthetic faults."""
    return np.concatenate([integers(part.windows) for part in (TEST, *FAULTS.values())])


def scores(part: object) -> NDArray[np.float64]:
    """In degrees, by the int8 model."""
    _, _, _, scale, zero = nn.Model(MODEL.read_bytes()).outputs[0]
    forecast = (here(MODEL, integers(part.windows))[:, 0].astype(float) - zero) * scale
    return np.abs(forecast - part.values)


def test_it_gives_the_bytes_of_the_wheel_on_all_test_windows() -> None:
    wheel = Wheel()
    try:
        outputs = wheel.run(MODEL.read_bytes(), [[window] for window in everything()])
    finally:
        wheel.close()
    assert [[output.tobytes()] for output in here(MODEL, everything())] == outputs


def test_micropython_gives_the_same_bytes_on_all_test_windows(tmp_path: Path) -> None:
    assert np.array_equal(on_micropython(MODEL, everything(), tmp_path), here(MODEL, everything()))


#: Kind of fault: AUC, F1 and the share of faults found that the card gives for int8.
CARD = {
    "synthetic spike of 1 degrees": (0.841, 0.520, 0.358),
    "synthetic spike of 2 degrees": (0.989, 0.947, 0.917),
    "synthetic spike of 3 degrees": (1.000, 0.989, 0.997),
    "synthetic stuck sensor": (0.761, 0.432, 0.281),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_the_int8_model_is_as_good_as_its_card_says(kind: str) -> None:
    quality = injection.quality(scores(FAULTS[kind]), scores(TEST), LIMIT)
    assert (quality.auc, quality.f1, quality.found) == pytest.approx(CARD[kind], abs=0.0005)


def test_false_alarms_are_those_of_its_card() -> None:
    assert (scores(TEST) > LIMIT).sum() == 7


def test_the_limit_comes_from_the_threshold_part_and_stands_in_the_file() -> None:
    layers = train.train(series.part(series.FIT, series.THRESHOLD))
    assert train.limit_of(train.scores(layers, series.part(series.THRESHOLD, series.TEST))) == LIMIT
    assert f"alarm beyond {LIMIT}".encode() in MODEL.read_bytes()


def test_parts_of_the_series_do_not_overlap() -> None:
    fit, threshold = series.part(series.FIT, series.THRESHOLD), series.part(series.THRESHOLD, series.TEST)
    values = np.concatenate([fit.values, threshold.values, TEST.values])
    assert np.array_equal(values, series.series()[series.LAGS :])
    assert np.array_equal(TEST.windows[1, -1], TEST.values[0])


def stream() -> object:
    return detector.Detector(nn.Model(MODEL.read_bytes()), LIMIT)


def test_a_stream_gets_the_scores_of_its_windows() -> None:
    own, degrees = stream(), series.series() + series.CENTRE
    found = [own.feed(value) for value in degrees]
    assert found[: series.LAGS] == [None] * series.LAGS
    assert found[-len(TEST.values) :] == pytest.approx(scores(TEST), abs=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_stream_refuses_what_is_no_finite_number_and_goes_on(value: float) -> None:
    own, other = stream(), stream()
    for degrees in series.series()[:20] + series.CENTRE:
        with pytest.raises(ValueError, match="not a finite value"):
            own.feed(value)
        assert own.feed(degrees) == other.feed(degrees)


def test_a_value_beyond_the_models_range_is_an_alarm() -> None:
    own = stream()
    assert not any(own.alarm(value) for value in series.series()[:12] + series.CENTRE)
    assert own.alarm(1e30)
    assert own.feed(24.0) is not None


def test_a_reset_stream_waits_until_its_window_is_full_again() -> None:
    own = stream()
    before = [own.feed(value) for value in series.series()[:14] + series.CENTRE]
    own.reset()
    assert [own.feed(value) for value in series.series()[:14] + series.CENTRE] == before


def test_its_trainer_makes_the_same_bytes_again_with_one_thread(tmp_path: Path) -> None:
    assert trained("anomaly/train.py", tmp_path / "made") == MODEL.read_bytes()
