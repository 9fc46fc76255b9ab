# SPDX-License-Identifier: Apache-2.0
"""Compiles a component in a process of its own, under limits that its parent sets; a component is the input.

Output: one CBOR map, {"refused": [rule, reason]} or {"code": bytes, "imports", "exports": as ``component_types`` tells}.
"""

from __future__ import annotations

import sys
from typing import Any

import cbor2
import wasmtime
from wasmtime import component as wc

from motet.components import component_types
from motet.components.jit.code import engine


def compiled(data: bytes) -> dict[str, Any]:
    """The output for a component."""
    try:
        component = wc.Component(engine(), data)
    except wasmtime.WasmtimeError as error:
        return {"refused": ["valid", " ".join(str(error).split())[:1000]]}
    told = component_types.of(engine(), component)
    return told if "refused" in told else {**told, "code": bytes(component.serialize())}


if __name__ == "__main__":
    sys.stdout.buffer.write(cbor2.dumps(compiled(sys.stdin.buffer.read())))
