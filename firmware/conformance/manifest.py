# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F821  (include and package are given by MicroPython)
# What a normal image freezes, and the fixture.
include("../port/manifest.py")
package("motet_conformance", base_path=".", opt=2)
