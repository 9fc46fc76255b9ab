# SPDX-License-Identifier: Apache-2.0
"""The system timer: 52 bits at 16 MHz, of which unit 0 and its first comparator (Technical Reference Manual, System Timer)."""

from collections.abc import Callable

from motet.emulate.esp32c3.registers import Registers

BASE = 0x23000
_CONF, _UPDATE, _TARGET_HIGH, _TARGET_LOW, _TARGET = 0x00, 0x04, 0x1C, 0x20, 0x34
_VALUE_HIGH, _VALUE_LOW, _LOAD, _INT_ENA, _INT_RAW, _INT_CLR, _INT_ST = 0x40, 0x44, 0x50, 0x64, 0x68, 0x6C, 0x70
_VALID, _TARGET_WORKS, _PERIODIC, _PERIOD = 1 << 29, 1 << 24, 1 << 30, 0x3FFFFFF
_NS_PER_TICK_TIMES_2 = 125


def _ticks(nanoseconds: int) -> int:
    return nanoseconds * 2 // _NS_PER_TICK_TIMES_2


class SystemTimer:
    """`now()` is the board's time in nanoseconds; `changed` is called when the alarm or its interrupt changes."""

    def __init__(self, registers: Registers, now: Callable[[], int], changed: Callable[[], None]) -> None:
        self._registers, self._now, self._changed = registers, now, changed
        self._latched = 0
        self._alarm: int | None = None
        self._rang = False
        for offset, read in (
            (_UPDATE, lambda: _VALID),
            (_VALUE_HIGH, lambda: self._latched >> 32),
            (_VALUE_LOW, lambda: self._latched),
            (_INT_RAW, lambda: int(self._rang)),
            (_INT_ST, lambda: int(self.interrupting)),
        ):
            registers.on_read(BASE + offset, read)
        registers.on_write(BASE + _UPDATE, self._latch)
        registers.on_write(BASE + _LOAD, lambda _value: self._set_alarm())
        registers.on_write(BASE + _CONF, lambda _value: self._set_alarm())
        registers.on_write(BASE + _INT_ENA, lambda _value: self._changed())
        registers.on_write(BASE + _INT_CLR, self._clear)

    @property
    def interrupting(self) -> bool:
        return self._rang and bool(self._plain(_INT_ENA) & 1)

    def until_alarm(self, now: int) -> int | None:
        """Nanoseconds until the comparator matches, 0 when it is time; None without an alarm."""
        return None if self._alarm is None else max(0, (self._alarm * _NS_PER_TICK_TIMES_2 + 1) // 2 - now)

    def check(self, now: int) -> None:
        """Ring if it is time, and set the next alarm of a periodic one."""
        if self._alarm is None or _ticks(now) < self._alarm:
            return
        self._rang = True
        period = self._plain(_TARGET) & _PERIOD
        if self._plain(_TARGET) & _PERIODIC and period:
            self._alarm += ((_ticks(now) - self._alarm) // period + 1) * period
        else:
            self._alarm = None

    def _plain(self, offset: int) -> int:
        return self._registers.plain(BASE + offset)

    def _latch(self, _value: int) -> None:
        self._latched = _ticks(self._now())

    def _set_alarm(self) -> None:
        if not self._plain(_CONF) & _TARGET_WORKS:
            self._alarm = None
        elif self._plain(_TARGET) & _PERIODIC:
            self._alarm = _ticks(self._now()) + max(1, self._plain(_TARGET) & _PERIOD)
        else:
            self._alarm = self._plain(_TARGET_HIGH) << 32 | self._plain(_TARGET_LOW)
        self._changed()

    def _clear(self, value: int) -> None:
        if value & 1:
            self._rang = False
