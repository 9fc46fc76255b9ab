# SPDX-License-Identifier: Apache-2.0
"""Least squares against numpy, and what makes no line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from motet.components.testing import Component, ToolError

EVERYWHERE = pytest.mark.components(on=["wasmtime", "native", "stm32f405"])


def points(raws: list[float], references: list[float]) -> dict[str, list[dict[str, float]]]:
    return {"points": [{"raw": raw, "reference": ref} for raw, ref in zip(raws, references, strict=True)]}


def test_before_the_first_fit_there_is_no_line(component: Component) -> None:
    assert component.call("current") is None
    assert component.call("apply", {"raw": 1.0}) is None


def test_two_points_make_the_line_through_them(component: Component) -> None:
    line = component.call("fit", points([100.0, 900.0], [0.0, 40.0]))
    assert line == pytest.approx({"gain": 0.05, "offset": -5.0, "worst": 0.0}, abs=1e-9)
    assert component.call("apply", {"raw": 500.0}) == pytest.approx(20.0)
    assert component.call("current") == line


def test_the_fit_is_that_of_numpy(component: Component) -> None:
    random = np.random.default_rng(11)
    raws = random.uniform(0, 4095, 32)
    references = 0.0244 * raws - 12.5 + random.normal(scale=0.2, size=32)
    gain, offset = np.polyfit(raws, references, 1)
    line = component.call("fit", points(raws.tolist(), references.tolist()))
    assert line["gain"] == pytest.approx(gain, rel=1e-9)
    assert line["offset"] == pytest.approx(offset, rel=1e-9)
    assert line["worst"] == pytest.approx(float(np.max(np.abs(gain * raws + offset - references))), rel=1e-9)


def test_large_raw_values_do_not_lose_the_gain(component: Component) -> None:
    line = component.call("fit", points([1e9 + n for n in range(10)], [2.0 * n for n in range(10)]))
    assert line["gain"] == pytest.approx(2.0, rel=1e-9)


@pytest.mark.parametrize("count", [0, 1, 33])
def test_too_few_and_too_many_points_are_refused_with_their_number(component: Component, count: int) -> None:
    with pytest.raises(ToolError) as refusal:
        component.call("fit", points([float(n) for n in range(count)], [0.0] * count))
    assert json.loads(str(refusal.value)) == {"tag": "count", "val": count}


@EVERYWHERE
def test_points_above_each_other_are_refused(component: Component) -> None:
    with pytest.raises(ToolError, match="vertical"):
        component.call("fit", points([5.0, 5.0, 5.0], [1.0, 2.0, 3.0]))


@EVERYWHERE
def test_a_refused_fit_leaves_the_line_as_it_was(component: Component) -> None:
    line = component.call("fit", points([0.0, 1.0], [0.0, 3.0]))
    with pytest.raises(ToolError):
        component.call("fit", points([5.0, 5.0], [1.0, 2.0]))
    assert component.call("current") == line
