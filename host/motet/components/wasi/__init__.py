# SPDX-License-Identifier: Apache-2.0
"""WASI 0.2 for components on gateways: what of it is offered, under which grants, and what stands behind.

``groups``: names that `[capabilities] wasi = [...]` and policies use; ``table``: interfaces and functions, with types that are
checked at admission; ``clocks``, ``entropy``, ``streams``, ``closed``: the work; ``motet.components.jit.wasilink`` links it.
"""
