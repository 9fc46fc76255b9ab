# SPDX-License-Identifier: Apache-2.0
"""Bindings for guests: from a contract to the source files that a component in C, Zig, AssemblyScript, Rust or Python needs."""
