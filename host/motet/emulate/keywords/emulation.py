# SPDX-License-Identifier: Apache-2.0
"""Everything Renode's Monitor knows at one time: machines, terminals, variables. `Reset Emulation` makes a new one."""

from __future__ import annotations

import contextlib

from motet.emulate.keywords.attached import AttachedBoard
from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.machines import EmulatedBoard
from motet.emulate.keywords.settings import Settings
from motet.emulate.keywords.terminals import External
from motet.emulate.keywords.uart import Uart


class Emulation:
    """Not for use by two threads at once. Methods raise KeywordError."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.machines: dict[str, EmulatedBoard] = {}
        self.current: EmulatedBoard | None = None
        self.externals: dict[str, External] = {}
        self.variables: dict[str, str] = {}
        self.macros: dict[str, str] = {}
        self.prefixes: list[str] = []

    def create(self, name: str | None) -> EmulatedBoard:
        name = name or f"machine-{len(self.machines)}"
        if name in self.machines:
            raise KeywordError(f"Machine with name '{name}' already exists.")
        kind = AttachedBoard if self.settings.attached else EmulatedBoard
        self.current = self.machines[name] = kind(name, self.settings)
        return self.current

    def select(self, name: str) -> None:
        numbered = list(self.machines)
        if name.isdigit() and int(name) < len(numbered) and name not in self.machines:
            name = numbered[int(name)]
        self.current = self.machine(name)

    def machine(self, name: str | None = None) -> EmulatedBoard:
        """The machine called so; without a name the only one."""
        if name is not None:
            if name not in self.machines:
                raise KeywordError(f"Machine with name {name} not found. Available machines: [{', '.join(self.machines)}]")
            return self.machines[name]
        if not self.machines:
            raise KeywordError("There is no machine in the emulation.")
        if len(self.machines) > 1:
            known = ", ".join(self.machines)
            raise KeywordError(f"No machine name provided. Don't know which one to choose. Available machines: [{known}]")
        return next(iter(self.machines.values()))

    @property
    def selected(self) -> EmulatedBoard:
        """The machine that Monitor commands are about."""
        if self.current is None:
            raise KeywordError("no machine is selected: mach create comes first")
        return self.current

    def uart(self, name: str) -> Uart:
        return self.selected.uart(name)

    def external(self, name: str) -> External:
        if name not in self.externals:
            raise KeywordError(f"No such element: {name}. There are: [{', '.join(self.externals)}]")
        return self.externals[name]

    def add(self, name: str, external: External) -> None:
        if name in self.externals:
            external.close()
            raise KeywordError(f"There is a {name} already")
        self.externals[name] = external

    def start(self) -> None:
        for machine in self.machines.values():
            machine.run()

    def pause(self) -> None:
        for machine in self.machines.values():
            machine.pause()

    def close(self) -> None:
        """Switch everything off."""
        for part in [*self.externals.values(), *self.machines.values()]:
            with contextlib.suppress(KeywordError):
                part.close()
