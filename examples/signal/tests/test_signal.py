# SPDX-License-Identifier: Apache-2.0
"""Filters and spectra against numpy and scipy's definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from motet.components.testing import Component, ToolError

EVERYWHERE = pytest.mark.components(on=["wasmtime", "native", "stm32f405"])

POINTS = 64


def sine(line: float, amplitude: float = 1.0, mean: float = 0.0) -> list[float]:
    return [mean + amplitude * math.sin(2 * math.pi * line * n / POINTS) for n in range(POINTS)]


def test_the_spectrum_of_a_sine_is_its_amplitude_on_its_line(component: Component) -> None:
    seen = component.call("analyse", {"samples": sine(9, 2.5, mean=7.0)})
    assert seen["strongest"] == 9
    assert seen["amplitudes"][9] == pytest.approx(2.5, rel=1e-4)
    assert seen["rms"] == pytest.approx(2.5 / math.sqrt(2), rel=1e-4)
    assert len(seen["amplitudes"]) == POINTS // 2 + 1


@EVERYWHERE
def test_the_spectrum_agrees_with_numpy(component: Component) -> None:
    samples = np.random.default_rng(5).normal(size=POINTS).astype(np.float32)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(POINTS) / POINTS)
    expected = np.abs(np.fft.rfft((samples - samples.mean()) * window)) * 4 / POINTS
    expected[[0, -1]] /= 2
    seen = component.call("analyse", {"samples": samples.tolist()})
    assert seen["amplitudes"] == pytest.approx(expected.tolist(), abs=2e-5)


@pytest.mark.parametrize(("kind", "line", "kept"), [("low", 2, True), ("low", 28, False), ("high", 2, False), ("high", 28, True)])
def test_a_filter_keeps_its_side_of_the_corner(component: Component, kind: str, line: int, kept: bool) -> None:
    component.call("configure", {"filter": {"pass": kind, "frequency": 0.15, "q": 0.7071}})
    component.call("process", {"samples": sine(line)})
    settled = np.array(component.call("process", {"samples": sine(line)}))
    rms = float(np.sqrt(np.mean(settled**2)))
    assert rms > 0.6 if kept else rms < 0.1


def test_a_band_passes_its_centre_unchanged(component: Component) -> None:
    component.call("configure", {"filter": {"pass": "band", "frequency": 8 / 64, "q": 2.0}})
    for _ in range(3):
        passed = component.call("process", {"samples": sine(8)})
    assert passed == pytest.approx(sine(8), abs=0.02)


@EVERYWHERE
def test_a_stream_in_pieces_gives_what_it_gives_at_once(component: Component) -> None:
    setting = {"filter": {"pass": "low", "frequency": 0.2, "q": 1.0}}
    component.call("configure", setting)
    whole = component.call("process", {"samples": sine(5)})
    component.call("configure", setting)
    pieces = [component.call("process", {"samples": sine(5)[at : at + 16]}) for at in range(0, POINTS, 16)]
    assert [value for piece in pieces for value in piece] == whole


@pytest.mark.parametrize("frequency", [0.0, -0.1, 0.5, 3.0])
def test_a_frequency_outside_of_the_band_is_refused(component: Component, frequency: float) -> None:
    with pytest.raises(ToolError, match="frequency"):
        component.call("configure", {"filter": {"pass": "low", "frequency": frequency, "q": 1.0}})


@pytest.mark.parametrize("q", [0.0, 0.05, 101.0])
def test_a_sharpness_outside_of_its_range_is_refused(component: Component, q: float) -> None:
    with pytest.raises(ToolError, match="sharpness"):
        component.call("configure", {"filter": {"pass": "low", "frequency": 0.1, "q": q}})


@pytest.mark.parametrize("count", [0, 63, 65])
def test_a_spectrum_needs_64_samples(component: Component, count: int) -> None:
    with pytest.raises(ToolError, match="length"):
        component.call("analyse", {"samples": [0.0] * count})


@EVERYWHERE
def test_a_block_longer_than_the_buffer_is_refused(component: Component) -> None:
    with pytest.raises(ToolError, match="length"):
        component.call("process", {"samples": [0.0] * 65})


def test_silence_has_no_amplitude(component: Component) -> None:
    seen = component.call("analyse", {"samples": [3.0] * POINTS})
    assert max(seen["amplitudes"]) < 1e-5
    assert seen["rms"] == pytest.approx(0.0, abs=1e-6)
