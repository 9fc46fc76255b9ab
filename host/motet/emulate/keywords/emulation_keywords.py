# SPDX-License-Identifier: Apache-2.0
"""Renode's keywords about the emulation as a whole, the processor and saved states."""
# ruff: noqa: N803

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from motet.emulate.keywords.base import Keywords
from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.record import keyword

_REGISTERS = {
    "arm": {**{f"r{n}": n for n in range(16)}, "sp": 13, "lr": 14, "pc": 15},
    "rv": {"pc": 32, **{f"x{n}": n for n in range(32)}},
}
_LOOK_S = 0.02


class EmulationKeywords(Keywords):
    """Keywords raise KeywordError, and Unsupported for what only Renode can do."""

    def reset_emulation(self) -> None:
        self.close()
        self.recorder.events.clear()

    @keyword
    def start_emulation(self) -> None:
        self.emulation.start()

    @keyword
    def execute_command(self, command: str | list[str], machine: str | None = None) -> str:
        """A line of the Monitor (or its fragments); returns what Renode prints."""
        if machine is not None:
            self.emulation.select(machine)
        return self.monitor.run(command if isinstance(command, str) else " ".join(command))

    @keyword
    def execute_script(self, path: str) -> str:
        return self.monitor.include(Path(path.removeprefix("@")))

    def provides(self, state: str, type: str = "Serialization") -> None:
        """Remember how this state came about. Both of Renode's types work by doing it again: QEMU cannot save every board."""
        self.recorder.states[state] = list(self.recorder.events)

    def requires(self, state: str) -> None:
        """Start anew and do again what led to the state."""
        if state not in self.recorder.states:
            raise KeywordError(f"Required state {state} not found.")
        self.reset_emulation()
        for name, args, named in self.recorder.states[state]:
            getattr(self, name)(*args, **named)

    @keyword
    def handle_hot_spot(self, action: str) -> None:
        if action == "Pause":
            self.emulation.pause()
            self.emulation.start()
        elif action != "None":
            raise KeywordError(f"Hot spot action {action} is not currently supported")

    @keyword
    def wait_for_pause(self, timeout: float) -> None:
        """Until the emulation was stopped from outside, e.g. by a debugger."""
        machine = self.emulation.selected
        end = machine.now_ms() + (self._seconds(timeout) or 0.0) * 1000
        while "paused" not in machine.qemu().monitor("info status"):
            if machine.now_ms() >= end:
                raise KeywordError(f"Emulation did not pause in expected time of {timeout} seconds.")
            time.sleep(_LOOK_S)
        machine.started = False

    @keyword
    def pc_should_be_equal(self, value: int, machine: str | None = None, cpuName: str | None = None) -> None:
        self.register_should_be_equal("pc", value, machine, cpuName)

    @keyword
    def register_should_be_equal(
        self, register: str, value: int, machine: str | None = None, cpuName: str | None = None, message: str | None = None
    ) -> None:
        """``register``: name or number as the debugger counts them."""
        found = self._register(register, machine)
        if found != value:
            raise KeywordError(
                message or f"Register {register} value assertion failed. Expected: 0x{value:X}, actual: 0x{found:X}"
            )

    @keyword
    def allocate_temporary_file(self) -> str:
        with tempfile.NamedTemporaryFile(prefix="motet-robot-", delete=False) as file:
            self.temporary.append(Path(file.name))
            return file.name

    def _register(self, register: str, machine: str | None) -> int:
        board = self.emulation.machine(machine)
        names = _REGISTERS["arm" if board.is_arm else "rv"]
        number = names.get(register.lower(), int(register) if register.isdigit() else None)
        if number is None:
            raise KeywordError(f"no register is called {register}; there are: {', '.join(names)}")
        with board.debugger() as gdb:
            return int(gdb.read_register(number))
