# SPDX-License-Identifier: Apache-2.0
"""All peripherals of the part that the firmware meets, and the matrix that leads their interrupts to the core."""

import random
from collections.abc import Callable

from motet.emulate.esp32c3.registers import Registers
from motet.emulate.esp32c3.systimer import SystemTimer
from motet.emulate.esp32c3.uart import Uart

# Offsets from 0x60000000.
_UART0, _UART1 = 0x00000, 0x10000
_RTC_OPTIONS0, _RTC_RESET_STATE, _SOFTWARE_RESET = 0x08000, 0x08038, 1 << 31
_RANDOM = 0x260B0
_MATRIX, _INT_ENABLE, _INT_PRIORITY, _INT_THRESHOLD = 0xC2000, 0xC2104, 0xC2114, 0xC2194
# Numbers of the interrupt sources.
_SOURCE_UART0, _SOURCE_UART1, _SOURCE_TIMER = 21, 22, 37

# Codes of the reset cause (Technical Reference Manual, Reset and Clock).
POWER_ON, BY_SOFTWARE, BY_USB = 1, 3, 21


class Peripherals:
    """As they come out of a reset for `cause`.

    `now()` is the board's time in nanoseconds, `changed` is called when the core should look at interrupts or alarms anew,
    `reset` when the firmware asks for one, and `noise` is what the random number generator draws from.
    """

    def __init__(
        self, cause: int, now: Callable[[], int], changed: Callable[[], None], reset: Callable[[], None], noise: random.Random
    ) -> None:
        self.registers = registers = Registers()
        self.uarts = (Uart(registers, _UART0, changed), Uart(registers, _UART1, changed))
        self.timer = SystemTimer(registers, now, changed)
        registers.set_plain(_RTC_RESET_STATE, cause)
        registers.on_write(_RTC_OPTIONS0, lambda value: reset() if value & _SOFTWARE_RESET else None)
        registers.on_read(_RANDOM, lambda: noise.getrandbits(32))
        registers.on_write(_INT_ENABLE, lambda _value: changed())

    def pending(self) -> int | None:
        """The line of the interrupt that the core should take now, if it takes any."""
        uart0, uart1 = self.uarts
        states = (
            (_SOURCE_UART0, uart0.interrupting),
            (_SOURCE_UART1, uart1.interrupting),
            (_SOURCE_TIMER, self.timer.interrupting),
        )
        return max((line for source, on in states if on and (line := self._line(source))), default=None)

    def _line(self, source: int) -> int:
        """The line that a source is led to; 0 when it does not reach the core."""
        plain = self.registers.plain
        line = plain(_MATRIX + 4 * source) & 31
        enabled = plain(_INT_ENABLE) >> line & 1
        return line if enabled and plain(_INT_PRIORITY + 4 * line) >= max(1, plain(_INT_THRESHOLD)) else 0
