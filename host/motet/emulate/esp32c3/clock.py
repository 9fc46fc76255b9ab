# SPDX-License-Identifier: Apache-2.0
"""The board's time: counted in instructions, so that it repeats from run to run, or the host's."""

import time


class Clock:
    """Nanoseconds since power-on.

    shift: an instruction takes 2**shift ns; while the core sleeps, time passes as on the host. None: always the host's.
    """

    def __init__(self, shift: int | None) -> None:
        self._shift = shift
        self._slept = 0
        self._start = time.monotonic_ns()
        self._halted_at = 0

    def now(self, instructions: int) -> int:
        """The time after so many instructions."""
        if self._shift is None:
            return (self._halted_at or time.monotonic_ns()) - self._start
        return (instructions << self._shift) + self._slept

    def skip(self, nanoseconds: int) -> None:
        """The core slept that long."""
        self._slept += nanoseconds

    def halt(self, on: bool) -> None:
        """Stand still, or go on."""
        now = time.monotonic_ns()
        if on:
            self._halted_at = now
        else:
            self._start += now - self._halted_at
            self._halted_at = 0

    def instructions_in(self, nanoseconds: int, most: int) -> int:
        """How many instructions may run until so much time has passed: 1..most."""
        return most if self._shift is None else max(1, min(most, nanoseconds >> self._shift))
