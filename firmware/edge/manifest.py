# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F821  (include and package are given by MicroPython)
# What is frozen into motet-edge.
include("$(MPY_DIR)/extmod/asyncio")
package("motet_core", base_path="..")
