# SPDX-License-Identifier: Apache-2.0
"""Emulated boards: QEMU with its UART on a loopback TCP socket."""

from motet.emulate.emulator import Emulator, EmulatorError

__all__ = ["Emulator", "EmulatorError"]
