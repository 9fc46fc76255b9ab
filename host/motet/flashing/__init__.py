# SPDX-License-Identifier: Apache-2.0
"""Images into real parts: one interface over esptool, UF2 drives, st-flash and dfu-util."""

from motet.flashing.errors import FlashError, Reason
from motet.flashing.flash import METHODS, Done, Options, Plan, flash, plan
from motet.flashing.method import Step

__all__ = ["METHODS", "Done", "FlashError", "Options", "Plan", "Reason", "Step", "flash", "plan"]
