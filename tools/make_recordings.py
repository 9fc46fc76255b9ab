# SPDX-License-Identifier: Apache-2.0
"""Writes the recorded sensor data that boards without sensors play back (firmware/motet_core/hal/).

Needs scikit-learn and statsmodels, which carry the data; run it again only to choose other recordings:
`python tools/make_recordings.py`. Equal versions give equal files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from statsmodels.datasets import elnino

HAL = Path(__file__).resolve().parent.parent / "firmware/motet_core/hal"
FRAMES = 40
FIRST_YEAR = 1991
PER_LINE = 18

DIGITS = '''# SPDX-License-Identifier: Apache-2.0
"""{count} handwritten digits that no model of ours has seen in training; one letter per pixel, "a" is 0 and "q" is 16.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (1998), CC BY 4.0,
as shipped with scikit-learn; the first images of the test split numpy.random.default_rng(0).permutation(1797)[1297:].
Written by tools/make_recordings.py.
"""

FRAMES = (
{rows}
)
'''

SEA = '''# SPDX-License-Identifier: Apache-2.0
"""Sea surface temperature of the eastern Pacific, El Nino regions 1 and 2, monthly from {year}, in hundredths of a degree C.

Source: U.S. National Oceanic and Atmospheric Administration, National Weather Service, ERSST.V3B (public domain), as shipped
with statsmodels. Written by tools/make_recordings.py.
"""

FIRST_YEAR = {year}
HUNDREDTHS = (
{rows}
)  # fmt: skip
'''


def digit_rows() -> list[str]:
    """The frames as source lines."""
    order = np.random.default_rng(0).permutation(1797)[1297:]
    images = load_digits().data[order[:FRAMES]].astype(int)
    return ['    "' + "".join(chr(ord("a") + pixel) for pixel in image) + '",' for image in images]


def sea_rows() -> list[str]:
    """The months as source lines."""
    table = elnino.load_pandas().data
    values = table[table["YEAR"] >= FIRST_YEAR].drop(columns="YEAR").to_numpy().ravel()
    hundredths = [str(round(float(value) * 100)) for value in values]
    lines = [hundredths[start : start + PER_LINE] for start in range(0, len(hundredths), PER_LINE)]
    return ["    " + ", ".join(line) + "," for line in lines]


def main() -> None:
    digits = DIGITS.format(count=FRAMES, rows="\n".join(digit_rows()))
    (HAL / "digits.py").write_text(digits)
    (HAL / "sea_temperature.py").write_text(SEA.format(year=FIRST_YEAR, rows="\n".join(sea_rows())))


if __name__ == "__main__":
    main()
