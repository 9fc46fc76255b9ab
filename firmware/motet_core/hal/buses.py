# SPDX-License-Identifier: Apache-2.0
"""Buses by name. Everywhere: `sim-i2c` with a replayed thermometer (an LM75 at address 0x48) and `sim-spi`, whose part 0 answers
each byte with the one before. Where the interpreter has machine.I2C: `i2c0` and `i2c1` on its pins.

A bus has i2c(address, data, count) -> bytes, or spi(select, data) -> bytes. OSError: the part does not answer.
"""

from motet_core.hal import sea_temperature

_ENODEV = 19
_BUSES = ("i2c0", "i2c1")


def find(name):
    """The bus of that name, None when this device has none."""
    if name == "sim-i2c":
        return ReplayedI2c()
    if name == "sim-spi":
        return EchoSpi()
    if name in _BUSES:
        return _machine(_BUSES.index(name))
    return None


def _machine(number):
    try:
        from machine import I2C

        return MachineI2c(I2C(number))
    except (ImportError, ValueError):
        return None


class MachineI2c:
    """Of a stock MicroPython."""

    def __init__(self, i2c):
        self._i2c = i2c

    def i2c(self, address, data, count):
        if data:
            self._i2c.writeto(address, data, not count)
        return self._i2c.readfrom(address, count) if count else b""


class ReplayedI2c:
    """An LM75: register 0 holds the temperature (eighths of a degree, in the upper 11 bits), replayed from a recording."""

    def __init__(self):
        self._next = 0
        self._register = 0
        self._registers = {1: b"\0", 2: b"\x4b\0", 3: b"\x50\0"}

    def i2c(self, address, data, count):
        if address != 0x48:
            raise OSError(_ENODEV)
        if data:
            self._register = data[0] & 3
        if len(data) > 1 and self._register:
            self._registers[self._register] = bytes(data[1:3])
        value = self._temperature() if self._register == 0 and count else self._registers.get(self._register, b"")
        return (value * count)[:count]

    def _temperature(self):
        eighths = sea_temperature.HUNDREDTHS[self._next] * 8 // 100
        self._next = (self._next + 1) % len(sea_temperature.HUNDREDTHS)
        return (eighths << 5).to_bytes(2, "big")


class EchoSpi:
    """A shift register of one byte."""

    def __init__(self):
        self._last = 0

    def spi(self, select, data):
        if select != 0:
            raise OSError(_ENODEV)
        answer = bytes([self._last]) + bytes(data[:-1]) if data else b""
        self._last = data[-1] if data else self._last
        return answer
