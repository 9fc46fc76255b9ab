# SPDX-License-Identifier: Apache-2.0
"""Sensors that play back recorded data in a loop, for boards in emulation: real numbers, and equal from run to run."""

from motet_core.hal import digits, sea_temperature

# The recorded rows are text, one letter per pixel: "a" is 0 and "q" is 16.
_ZERO = ord("a")


class DigitCamera:
    name = "digit_camera"

    def __init__(self):
        self._next = 0

    def about(self):
        return {
            "name": self.name,
            "description": "Recorded handwritten digits, 8 by 8 pixels of 0 to 16, row by row",
            "shape": [8, 8],
            "recorded": True,
        }

    def read(self):
        """One frame; `data` is what models.predict takes as input of the digits model."""
        index = self._next
        self._next = (index + 1) % len(digits.FRAMES)
        pixels = bytes([ord(letter) - _ZERO for letter in digits.FRAMES[index]])
        return {"data": pixels, "shape": [8, 8], "frame": index}


class SeaTemperature:
    name = "sea_temperature"

    def __init__(self):
        self._next = 0

    def about(self):
        return {
            "name": self.name,
            "description": "Recorded monthly sea surface temperature of the eastern Pacific (El Nino regions 1 and 2)",
            "unit": "Cel",
            "recorded": True,
        }

    def read(self):
        index = self._next
        self._next = (index + 1) % len(sea_temperature.HUNDREDTHS)
        year, month = divmod(index, 12)
        when = "%d-%02d" % (sea_temperature.FIRST_YEAR + year, month + 1)
        return {"value": sea_temperature.HUNDREDTHS[index] / 100, "unit": "Cel", "month": when, "frame": index}


def sensors():
    return [DigitCamera(), SeaTemperature()]
