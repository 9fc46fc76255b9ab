# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between a component's folder and a device.

ComponentError            every refusal below; the message is for humans and says what and where
├── ManifestError         Component.toml cannot be read or breaks its schema; names the key
├── BuildError            the compiler is missing or refuses the sources
├── AdmissionError        the module breaks a rule; carries ``rule`` and ``where``
└── InstallError          the device did not take the artifact; names the device and the operation
"""

from __future__ import annotations


class ComponentError(Exception):
    """A component cannot be used; the message says why and what to do."""


class ManifestError(ComponentError):
    """``Component.toml`` is missing, not TOML or breaks the schema."""


class BuildError(ComponentError):
    """The module cannot be made from its sources."""


class AdmissionError(ComponentError):
    """A module is refused: ``rule`` names the rule, ``where`` the place (byte, function, export; may be empty).

    ``component`` is the name of the component, once it is known.
    """

    def __init__(self, rule: str, reason: str, where: str = "") -> None:
        super().__init__(rule, reason, where)
        self.rule = rule
        self.reason = reason
        self.where = where
        self.component = ""

    def __str__(self) -> str:
        who = f"component {self.component} is " if self.component else ""
        return f"{who}refused by rule '{self.rule}': {self.where + ': ' if self.where else ''}{self.reason}"


class InstallError(ComponentError):
    """An artifact did not get onto a device; ``device`` and ``operation`` say where it stopped."""

    def __init__(self, device: str, operation: str, reason: str) -> None:
        super().__init__(f"{device}: {operation}: {reason}")
        self.device = device
        self.operation = operation
        self.reason = reason
