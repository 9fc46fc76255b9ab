# SPDX-License-Identifier: Apache-2.0
"""The whole part running: core, peripherals, wires and the control channel in one loop that sleeps when the core does."""

import mmap
import random
import selectors
import socket
import sys
import time
from pathlib import Path

from motet.emulate.esp32c3 import core as cores
from motet.emulate.esp32c3 import peripherals, rom
from motet.emulate.esp32c3.clock import Clock
from motet.emulate.esp32c3.core import Core, End, Memories
from motet.emulate.esp32c3.peripherals import Peripherals
from motet.emulate.esp32c3.wires import Wire

# How long the core runs before the wires are looked at: some milliseconds.
_SLICE = 200_000
# While an interrupt waits for the firmware to unmask it.
_MASKED_SLICE = 500


def open_flash(path: Path) -> mmap.mmap:
    """The flash file, which every write reaches at once; it outlives this process however it ends."""
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)


def log(text: str) -> None:
    print(f"esp32c3: {text}", file=sys.stderr, flush=True)


class Machine:
    """A part that has just been powered on, with RAM as noise left it. Raises ValueError for a flash that does not boot."""

    def __init__(self, flash: Path, listeners: dict[int, socket.socket], shift: int | None, seed: int) -> None:
        self._noise = random.Random(seed)
        ram = mmap.mmap(-1, cores.RAM_SIZE)
        ram[:] = self._noise.randbytes(cores.RAM_SIZE)
        self.memories = Memories(ram, open_flash(flash))
        if not rom.bootable(self.memories.flash[:8]):
            raise ValueError(f"{flash} does not begin with the magic word of direct boot (aedb041d twice)")
        self.selector = selectors.DefaultSelector()
        self._wires = {number: Wire(listener, self.selector) for number, listener in listeners.items()}
        self._clock = Clock(shift)
        self._executed = 0
        self.paused = False
        self._asleep = False
        self._reset_asked = False
        self.restart(peripherals.POWER_ON)

    @property
    def instructions(self) -> int:
        """Executed since power-on."""
        return self._executed + self.core.instructions

    @property
    def nanoseconds(self) -> int:
        """The board's time since power-on."""
        return self._clock.now(self.instructions)

    def restart(self, cause: int) -> None:
        """Reset everything but the memories."""
        self._executed = self.instructions if hasattr(self, "core") else 0
        self._reset_asked = self._asleep = False
        self.peripherals = Peripherals(cause, lambda: self.nanoseconds, self._changed, self._ask_reset, self._noise)
        self.core = Core(self.memories, self.peripherals.registers.read, self.peripherals.registers.write)
        self.rom = rom.Rom(self.core, self.memories.flash, log)
        self.core.pc = rom.ENTRY

    def pause(self, on: bool) -> None:
        """Let core and time stand still, or go on."""
        if on is not self.paused:
            self.paused = on
            self._clock.halt(on)

    def turn(self) -> None:
        """Run or sleep for a moment, then serve wires, alarms and interrupts; nothing while it stands still."""
        if self.paused:
            return
        if self._asleep:
            self._sleep()
        else:
            self._asleep = self.core.run(self._slice()) is End.SLEEP
        for number, wire in self._wires.items():
            wire.exchange(self.peripherals.uarts[number])
        if self._reset_asked:
            self.restart(peripherals.BY_SOFTWARE)
        self.peripherals.timer.check(self.nanoseconds)
        self._interrupt()

    def _slice(self) -> int:
        if self.peripherals.pending() is not None:
            return _MASKED_SLICE
        alarm = self.peripherals.timer.until_alarm(self.nanoseconds)
        return _SLICE if alarm is None else self._clock.instructions_in(alarm, _SLICE)

    def _interrupt(self) -> None:
        line = self.peripherals.pending()
        if line is not None:
            self._asleep = False
            if self.core.takes_interrupts:
                self.core.interrupt(line)

    def _sleep(self) -> None:
        """Until the alarm, or until something happens on a wire or the control channel."""
        alarm = self.peripherals.timer.until_alarm(self.nanoseconds)
        start = time.monotonic_ns()
        happened = self.selector.select(None if alarm is None else alarm / 1e9)
        slept = time.monotonic_ns() - start
        # Nothing happened: exactly as long as asked, so that an idle board's time is a whole number of ticks.
        self._clock.skip(slept if happened or alarm is None else alarm)

    def _changed(self) -> None:
        self.core.stop()

    def _ask_reset(self) -> None:
        self._reset_asked = True
        self.core.stop()
