# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F821  (module and include are given by MicroPython)
# What is frozen into the RP2040's image: the module that mounts the files, and what our port freezes.
module("_boot.py")
# The stock port leaves no room for line numbers.
include("../port/manifest.py", opt=3)
