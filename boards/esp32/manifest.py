# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F821  (include, package and module are given by MicroPython)
# What is frozen into the image: what MicroPython's own build freezes, the device core and the main module.
include("$(PORT_DIR)/boards/manifest.py")
package("motet_core", base_path="../../firmware", opt=2)
module("main.py", opt=2)
