# SPDX-License-Identifier: Apache-2.0
"""The recorded series, its three parts, and windows of it.

Real data: monthly sea surface temperature of the eastern Pacific (sea_temperature.csv; see README.md). The parts lie one
after the other in time, so that nothing of a later part is known to an earlier one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common.layers import Array
from common.quantise import Units
from numpy.lib.stride_tricks import sliding_window_view

#: Months that the model sees.
LAGS = 12
#: The model's numbers are degrees above this.
CENTRE = 24.0
#: Integers of the model's input: steps of 0.05 degrees, 17.6 to 30.35 degrees C.
DEGREES = Units(np.float32(0.05), 0)
#: First year of each part.
FIT, THRESHOLD, TEST, END = 1950, 1971, 1981, 2011


@dataclass(frozen=True)
class Part:
    """Months of a part: `windows` (months, LAGS) of the months before, `values` (months,) of the months themselves, both in
    degrees above CENTRE."""

    windows: Array
    values: Array


def series() -> Array:
    """732 months from January 1950, in degrees above CENTRE."""
    table = np.loadtxt(Path(__file__).with_name("sea_temperature.csv"), delimiter=",", skiprows=1)
    months: Array = table[:, 1:].ravel() - CENTRE
    return months


def part(first_year: int, end_year: int) -> Part:
    """The months of these years. The first LAGS months of the series only serve as windows."""
    months = series()
    start, end = max((first_year - FIT) * 12, LAGS), (end_year - FIT) * 12
    return Part(sliding_window_view(months, LAGS)[start - LAGS : end - LAGS], months[start:end])
