# SPDX-License-Identifier: Apache-2.0
"""The inside of ``inspect``: loads the model on standard input and runs it once on zeros. Answers with one CBOR map."""

from __future__ import annotations

import sys
from typing import Any

import cbor2
from motet_native import nn

# Operator rows for one run on zeros; the largest keyword model takes a few thousand.
STEPS = 5_000_000
_BYTES = {"int8": 1, "uint8": 1, "bool": 1, "int16": 2, "int32": 4, "uint32": 4, "float32": 4, "int64": 8, "uint64": 8}


def _zeros(tensor: tuple[Any, ...]) -> bytes:
    size = _BYTES[tensor[2]]
    for extent in tensor[1]:
        size *= extent
    return bytes(size)


def facts(data: bytes) -> dict[str, Any]:
    """What the engine says about a model, or {"refused": why}."""
    try:
        model = nn.Model(data)
        model.steps = STEPS
        model.predict([_zeros(tensor) for tensor in model.inputs])
    except (nn.Error, ValueError, MemoryError) as error:
        return {"refused": str(error) or type(error).__name__}
    rows = {"inputs": [list(t) for t in model.inputs], "outputs": [list(t) for t in model.outputs]}
    return {**rows, "arena_bytes": model.arena_bytes, "operators": list(model.operators)}


if __name__ == "__main__":
    sys.stdout.buffer.write(cbor2.dumps(facts(sys.stdin.buffer.read())))
