# SPDX-License-Identifier: Apache-2.0
"""Scores a series value by value with a forecasting model; runs on MicroPython and on CPython.

    detector = Detector(nn.Model(data), LIMIT)
    score = detector.feed(value)

A score is the distance between a value and the model's forecast of it from the values before, in units of the series.
"""


class Detector:
    """Keeps the last values that `model` wants as its input. Memory: the model, and one byte for each of these values.

    `model` has one input of n int8 values, one output of one int8 value, and a `predict` as that of motet_native.nn.Model.
    Its numbers are distances from `centre`. A score above `limit` is an alarm.
    """

    def __init__(self, model, limit, centre=24.0):
        _, shape, _, self._scale, self._zero = model.inputs[0]
        _, _, _, self._output_scale, self._output_zero = model.outputs[0]
        self._model, self.limit, self._centre = model, limit, centre
        self._window, self._seen = bytearray(shape[-1]), 0

    def feed(self, value):
        """Score of the next value, or None while the window is not full. ValueError when the value is no finite number.

        The value itself is compared, the window holds it cut to the range of the model's input."""
        if value - value != 0:
            raise ValueError(f"not a finite value: {value}")
        score = abs(value - self.forecast()) if self._seen >= len(self._window) else None
        self._window[:-1] = self._window[1:]
        self._window[-1] = self._integer(value) & 255
        self._seen = min(self._seen + 1, len(self._window))
        return score

    def alarm(self, value):
        """Whether the next value is an anomaly; False while the window is not full."""
        score = self.feed(value)
        return score is not None and score > self.limit

    def forecast(self):
        """What the model expects as the next value."""
        (output,) = self._model.predict([self._window])
        integer = output[0] - 256 if output[0] > 127 else output[0]
        return (integer - self._output_zero) * self._output_scale + self._centre

    def reset(self):
        """Forgets all values, as after a gap in the series."""
        self._seen = 0

    def _integer(self, value):
        steps = round((value - self._centre) / self._scale) + self._zero
        return max(-128, min(127, steps))
