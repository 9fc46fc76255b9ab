# SPDX-License-Identifier: Apache-2.0
"""Single pins by number: the chip's own, or a bank of simulated ones, which is called that.

A bank has label ("port", "machine" or "simulated"), get(pin, make_input) -> bool, and set(pin, level), which makes it an output.
NotFound: there is no such pin, or the device needs it itself.
"""

from motet_core.errors import NotFound

_SIMULATED = 32


def find():
    """The pins of this device."""
    try:
        import motet_port

        if motet_port.pins():
            return PortPins(motet_port)
    except (ImportError, AttributeError):
        pass
    try:
        from machine import Pin

        return MachinePins(Pin)
    except ImportError:
        return SimulatedPins()


class PortPins:
    """Of Motet's own port: port A has 0 to 15, port B 16 to 31, and so on."""

    label = "port"

    def __init__(self, port):
        self._port = port

    def get(self, pin, make_input):
        level = self._port.pin_get(pin, make_input)
        if level < 0:
            raise NotFound("no pin %d" % pin)
        return level == 1

    def set(self, pin, level):
        if not self._port.pin_set(pin, level):
            raise NotFound("no pin %d" % pin)


class MachinePins:
    """Of a stock MicroPython."""

    label = "machine"

    def __init__(self, pin):
        self._pin = pin

    def get(self, pin, make_input):
        return self._open(pin, self._pin.IN if make_input else -1).value() == 1

    def set(self, pin, level):
        self._open(pin, self._pin.OUT).value(level)

    def _open(self, pin, mode):
        try:
            return self._pin(pin, mode)
        except (ValueError, TypeError):
            raise NotFound("no pin %d" % pin)


class SimulatedPins:
    """Levels in memory: an output reads as it was set, an input as `drive` says."""

    label = "simulated"

    def __init__(self):
        self._levels = bytearray(_SIMULATED)

    def get(self, pin, make_input):
        return self._levels[self._place(pin)] == 1

    def set(self, pin, level):
        self._levels[self._place(pin)] = level

    drive = set

    def _place(self, pin):
        if not 0 <= pin < _SIMULATED:
            raise NotFound("no pin %d" % pin)
        return pin
