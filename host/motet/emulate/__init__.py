# SPDX-License-Identifier: Apache-2.0
"""Emulated boards with their UARTs on loopback TCP sockets: `create` picks the emulator that board.toml names."""

from motet.emulate.create import create
from motet.emulate.emulator import Emulator
from motet.emulate.machine import EmulatorError, Machine

__all__ = ["Emulator", "EmulatorError", "Machine", "create"]
