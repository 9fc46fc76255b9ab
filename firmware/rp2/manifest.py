# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F821  (freeze and include are given by MicroPython)
# What is frozen into the RP2040's image: the rp2 port's own modules, and what our port freezes.
freeze("$(PORT_DIR)/modules")
include("../port/manifest.py")
