# SPDX-License-Identifier: Apache-2.0
"""Runs a model on the device engine in a child process: CBOR in ({model, runs, profile}), CBOR out."""

from __future__ import annotations

import sys
import time
from typing import Any

import cbor2
from motet_native import nn

# A bound on the work of one run: some minutes of this engine, so that the limits of the process end it first.
STEPS = 2_000_000_000


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Outputs of each run in turn (state is kept between them), memory and times in nanoseconds."""
    try:
        start = time.perf_counter_ns()
        model = nn.Model(request["model"])
        loaded = time.perf_counter_ns()
        model.steps = STEPS
        outputs = [model.predict(run) for run in request["runs"]]
        ran = time.perf_counter_ns()
    except (nn.Error, ValueError, MemoryError) as error:
        return {"refused": f"the device engine refuses it: {error or type(error).__name__}"}
    facts = {"inputs": [list(one) for one in model.inputs], "outputs": [list(one) for one in model.outputs]}
    times = {"load_ns": loaded - start, "run_ns": (ran - loaded) // max(len(outputs), 1)}
    operators = list(model.operators)
    return {**facts, **times, "results": outputs, "arena_bytes": model.arena_bytes, "operators": operators}


if __name__ == "__main__":
    sys.stdout.buffer.write(cbor2.dumps(run(cbor2.load(sys.stdin.buffer))))
