#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the forecaster of a temperature series and writes sea_anomaly.tflite next to this file; prints what it
measured as JSON.

    train.py [--output FILE]

Needs numpy, flatbuffers and tflite-micro (for its schema classes); no network. The same bytes come out on each run: see
common/training.py.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common.export import Names, export
from common.layers import Array, Dense
from common.quantise import quantise
from common.training import Plan, fit, forward, squared_error_gradient
from injection import injected, quality
from series import CENTRE, DEGREES, END, FIT, LAGS, TEST, THRESHOLD, Part, part

# HIDDEN, EPOCHS and SHIFT were found by cross-validation over six blocks of years of the first two parts. NOISE and SHIFT:
# standard deviations, in degrees, of what is added to training windows.
HIDDEN, EPOCHS = 16, 300
NOISE, SHIFT = 0.1, 1.0
SEED = 0
RIDGE = 0.3
#: Of a normal distribution: three standard deviations, from the median of absolute scores.
LIMIT_FACTOR = 3 * 1.4826
DESCRIPTION = "Motet sea anomaly: next month of a temperature series from 12 months, degrees C above 24; alarm beyond {:.2f}"


def disturbed(random: np.random.Generator, windows: Array, values: Array) -> tuple[Array, Array]:
    """Windows and their next months, warmer or colder as a whole; noise in the windows only."""
    shift = random.normal(0, SHIFT, values.shape)
    return windows + shift + random.normal(0, NOISE, windows.shape), values + shift


def train(months: Part) -> list[Dense]:
    random = np.random.default_rng(SEED)
    layers = [Dense(LAGS, HIDDEN, relu=True, random=random), Dense(HIDDEN, 1, relu=False, random=random)]
    plan = Plan(epochs=EPOCHS, batch=16, rate=3e-3, gradient=squared_error_gradient, disturb=disturbed)
    fit(layers, months.windows, months.values[:, None], plan, random)
    return layers


def scores(layers: list[Dense], months: Part) -> Array:
    """In degrees, by the float layers."""
    return np.abs(forward(layers, months.windows)[:, 0] - months.values)


def linear_scores(months: Part) -> Callable[[Part], Array]:
    """What to compare with: scores of a linear forecast from the same months, by ridge regression."""
    inputs = np.c_[months.windows, np.ones(len(months.values))]
    weights = np.linalg.solve(inputs.T @ inputs + RIDGE * np.eye(LAGS + 1), inputs.T @ months.values)
    return lambda part: np.abs(np.c_[part.windows, np.ones(len(part.values))] @ weights - part.values)


def calibration(months: Part) -> Array:
    """Windows as training saw them: warmer and colder than recorded by two standard deviations, too."""
    return np.concatenate([months.windows + shift * SHIFT for shift in (-2, 0, 2)])


def limit_of(clean: Array) -> float:
    """Alarms begin here: from the months of the threshold part as recorded, to a hundredth of a degree."""
    return round(LIMIT_FACTOR * float(np.median(clean)), 2)


def report(score: Callable[[Part], Array]) -> dict[str, float | dict[str, float]]:
    """The limit from the threshold part, and the quality on the test part by kind of fault."""
    limit, test = limit_of(score(part(THRESHOLD, TEST))), part(TEST, END)
    kinds = {name: vars(quality(score(months), score(test), limit)) for name, months in injected(test).items()}
    return {"limit": limit, **kinds}


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the forecaster of the temperature series.")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("sea_anomaly.tflite"))
    options = parser.parse_args()
    months = part(FIT, THRESHOLD)
    layers = train(months)
    limit = limit_of(scores(layers, part(THRESHOLD, TEST)))
    names = Names("sea_anomaly", DESCRIPTION.format(limit), f"degrees_above_{CENTRE:g}", "forecast")
    model = export(quantise(layers, calibration(months), DEGREES), names, (1, LAGS), DEGREES, softmax=False)
    options.output.write_bytes(model)
    found = {"float": report(lambda part: scores(layers, part)), "linear": report(linear_scores(months))}
    print(json.dumps({"bytes": len(model), **found}))


if __name__ == "__main__":
    main()
