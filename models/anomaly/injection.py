# SPDX-License-Identifier: Apache-2.0
"""SYNTHETIC anomalies put into recorded months, and how well scores tell them from the months as recorded.

The series carries no labels. Each month of a part is judged twice: as recorded (negative), and with a fault put into it
(positive). El Nino years count as recorded, so as negatives, although a forecaster calls some of their months odd.
"""

from dataclasses import dataclass

import numpy as np
from common.layers import Array
from numpy.typing import NDArray
from series import Part

#: Months that a stuck sensor repeats its value for, the judged month being the last.
STUCK = 3
SPIKES = (1.0, 2.0, 3.0)


def spiked(part: Part, degrees: float, random: np.random.Generator) -> Part:
    """SYNTHETIC: each month alone is warmer or colder, at random, by these degrees."""
    signs = random.integers(0, 2, len(part.values)) * 2 - 1
    return Part(part.windows, part.values + degrees * signs)


def stuck(part: Part) -> Part:
    """SYNTHETIC: the sensor repeats the value of STUCK months before; earlier repetitions stand in the window."""
    windows = part.windows.copy()
    held = windows[:, -STUCK].copy()
    windows[:, -STUCK:] = held[:, None]
    return Part(windows, held)


def injected(part: Part, seed: int = 0) -> dict[str, Part]:
    """The part with each kind of fault, by name."""
    random = np.random.default_rng(seed)
    faults = {f"synthetic spike of {degrees:g} degrees": spiked(part, degrees, random) for degrees in SPIKES}
    return {**faults, "synthetic stuck sensor": stuck(part)}


def auc(positive: Array, negative: Array) -> float:
    """Area under the ROC curve: the chance that a positive scores higher than a negative; equal scores count half."""
    above = (positive[:, None] > negative[None]).mean()
    equal = (positive[:, None] == negative[None]).mean()
    return float(above + equal / 2)


@dataclass(frozen=True)
class Quality:
    """Of alarms against labels; `false_alarms` is the share of months as recorded above the limit."""

    auc: float
    f1: float
    found: float
    false_alarms: float


def quality(positive: Array, negative: Array, limit: float) -> Quality:
    found: NDArray[np.bool_] = positive > limit
    false: NDArray[np.bool_] = negative > limit
    f1 = 2 * found.sum() / (len(positive) + found.sum() + false.sum())
    return Quality(auc(positive, negative), float(f1), float(found.mean()), float(false.mean()))
