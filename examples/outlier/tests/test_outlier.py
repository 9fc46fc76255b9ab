# SPDX-License-Identifier: Apache-2.0
"""Scores against the recurrence in plain Python, and what a stream of a machine is expected to give."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from motet.components.testing import Component, ToolError

EVERYWHERE = pytest.mark.components(on=["wasmtime", "native", "stm32f405"])

SETTINGS = {"weight": 0.05, "threshold": 5.0, "warm-up": 20}


def configure(component: Component, **changes: float) -> None:
    component.call("configure", {"settings": SETTINGS | {key.replace("_", "-"): value for key, value in changes.items()}})


def push(component: Component, values: list[float]) -> list[dict[str, Any]]:
    scores: list[dict[str, Any]] = []
    for at in range(0, len(values), 16):
        scores += component.call("push", {"values": values[at : at + 16]})
    return scores


def expected(values: list[float]) -> list[tuple[float, float]]:
    """(mean, deviation) before each value, while nothing is an outlier."""
    mean, variance, seen = values[0], 0.0, []
    for count, value in enumerate(values):
        seen.append((mean, math.sqrt(variance)))
        weight = max(1 / (count + 1), SETTINGS["weight"])
        step = weight * (value - mean)
        variance = (1 - weight) * (variance + (value - mean) * step)
        mean += step
    return seen


def test_mean_and_deviation_follow_the_recurrence(component: Component) -> None:
    configure(component, threshold=100.0)
    values = np.random.default_rng(3).normal(10.0, 2.0, 64).tolist()
    for score, (mean, deviation) in zip(push(component, values), expected(values), strict=True):
        assert score["mean"] == pytest.approx(mean, rel=1e-9)
        assert score["deviation"] == pytest.approx(deviation, rel=1e-9, abs=1e-12)


@EVERYWHERE
def test_a_jump_is_an_outlier_and_noise_is_not(component: Component) -> None:
    configure(component)
    values = np.random.default_rng(4).normal(0.0, 1.0, 96).tolist()
    values[80] = 25.0
    assert [at for at, score in enumerate(push(component, values)) if score["outlier"]] == [80]
    assert component.call("seen") == [96, 1]


def test_a_slow_drift_is_learnt(component: Component) -> None:
    configure(component)
    values = [0.02 * n + math.sin(n) for n in range(320)]
    assert not any(score["outlier"] for score in push(component, values))


def test_a_fault_that_stays_is_not_normal_at_once(component: Component) -> None:
    configure(component)
    values = np.random.default_rng(6).normal(0.0, 1.0, 64).tolist() + [40.0] * 3
    assert [score["outlier"] for score in push(component, values)][-3:] == [True] * 3


def test_nothing_is_called_an_outlier_while_warming_up(component: Component) -> None:
    configure(component, warm_up=10)
    assert not any(score["outlier"] for score in push(component, [0.0] * 9 + [1e6]))


def test_a_stream_that_never_moved_gives_a_finite_distance(component: Component) -> None:
    configure(component)
    score = push(component, [3.0] * 40 + [3.5])[-1]
    assert score["outlier"] and math.isfinite(score["distance"])


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [({"weight": 0.0}, ["weight"]), ({"threshold": 0.5, "warm_up": 1}, ["threshold", "warm-up"]), ({"weight": 0.6}, ["weight"])],
)
def test_settings_out_of_range_are_named(component: Component, changes: dict[str, float], wrong: list[str]) -> None:
    with pytest.raises(ToolError) as refusal:
        configure(component, **changes)
    assert all(name in str(refusal.value) for name in wrong)


@EVERYWHERE
def test_more_values_than_fit_are_refused_with_their_number(component: Component) -> None:
    configure(component)
    with pytest.raises(ToolError, match="17"):
        component.call("push", {"values": [0.0] * 17})
