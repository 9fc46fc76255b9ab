# SPDX-License-Identifier: Apache-2.0
"""The anomaly detector on the series that boards without sensors play back, which its model never saw in training."""

import sys
import unittest

from motet_native import nn

from motet_core.hal import sea_temperature

FOLDER = (__file__.rpartition("/")[0] or ".") + "/../../models/anomaly"
sys.path.append(FOLDER)
from detector import Detector  # noqa: E402

with open(FOLDER + "/sea_anomaly.tflite", "rb") as file:
    MODEL = file.read()
LIMIT = 1.26
DEGREES = [value / 100 for value in sea_temperature.HUNDREDTHS]


class DetectorTest(unittest.TestCase):
    def setUp(self):
        self.detector = Detector(nn.Model(MODEL), LIMIT)

    def alarms(self, values):
        found = [index for index, value in enumerate(values) if self.detector.alarm(value)]
        return [(sea_temperature.FIRST_YEAR + index // 12, index % 12 + 1) for index in found]

    def test_few_recorded_months_are_alarms_and_they_are_the_same_everywhere(self):
        self.assertEqual(self.alarms(DEGREES), [(1994, 10), (1996, 4), (1998, 10), (1998, 11), (1999, 4)])

    def test_a_synthetic_spike_is_an_alarm_in_its_month(self):
        spiked = list(DEGREES)
        spiked[12 * 12 + 5] += 3
        self.assertTrue((2003, 6) in self.alarms(spiked))

    def test_there_is_no_score_before_the_window_is_full(self):
        scores = [self.detector.feed(value) for value in DEGREES[:13]]
        self.assertEqual(scores[:12], [None] * 12)
        self.assertTrue(scores[12] is not None)

    def test_a_value_that_is_no_number_is_refused_and_forgotten(self):
        other = Detector(nn.Model(MODEL), LIMIT)
        for value in DEGREES[:14]:
            with self.assertRaises(ValueError):
                self.detector.feed(float("nan"))
            self.assertEqual(self.detector.feed(value), other.feed(value))


if __name__ == "__main__":
    unittest.main()
