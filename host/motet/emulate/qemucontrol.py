# SPDX-License-Identifier: Apache-2.0
"""What QEMU does for a running board when it is told: stop, go on, start over, tell the time."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path

from motet.emulate.clock import ClockError, VirtualClock
from motet.emulate.machine import EmulatorError
from motet.emulate.qmp import Qmp


class QemuControl(ABC):
    """The part of an Emulator that gives orders; methods raise EmulatorError. Only virtual_ns suits any thread."""

    _clock: VirtualClock | None = None
    _frozen: int | None = None

    @abstractmethod
    def _asking(self, what: str) -> AbstractContextManager[Qmp]:
        """QEMU's control connection, to do `what`."""

    @property
    @abstractmethod
    def _private(self) -> Path:
        """A folder of this machine alone."""

    def control(self, what: str) -> AbstractContextManager[Qmp]:
        """QEMU's control connection to do `what`, for commands that have no method here."""
        return self._asking(what)

    def reset(self) -> None:
        """Press the reset button: the processor starts over, RAM keeps its content."""
        with self._asking("reset") as qemu:
            qemu.execute("system_reset")

    def monitor(self, line: str) -> str:
        """A command of QEMU's human monitor, e.g. "info registers"; returns its text."""
        with self._asking(line) as qemu:
            return qemu.monitor(line)

    def pause(self) -> None:
        """The board stands still, and its time with it."""
        with self._asking("pause") as qemu:
            qemu.execute("stop")
        self._freeze()

    def resume(self) -> None:
        """Let a paused board go on."""
        self._frozen = None
        with self._asking("resume") as qemu:
            qemu.execute("cont")

    def virtual_ns(self) -> int:
        """The board's time in nanoseconds, counted from the first time this was asked after the start."""
        if self._frozen is not None:
            return self._frozen
        try:
            if self._clock is None:
                with self._asking("read its clock") as qemu:
                    self._clock = VirtualClock(qemu, self._private)
                return 0
            return self._clock.now_ns()
        except ClockError as error:
            raise EmulatorError(f"cannot read the board's clock: {error}") from error

    def _freeze(self) -> None:
        """The clock of a board that stands still is asked once: it would answer only when the board goes on."""
        if self._frozen is None:
            self._frozen = self.virtual_ns()

    def _forget_clock(self) -> None:
        clock, self._clock, self._frozen = self._clock, None, None
        if clock is not None:
            clock.close()
