# SPDX-License-Identifier: Apache-2.0
"""Runs a model on the tflite-micro wheel in a child process, which the wheel may crash: CBOR in ({model, runs}), CBOR out."""

from __future__ import annotations

import sys
import time
from typing import Any

import cbor2
import numpy as np
from tflite_micro.python.tflite_micro import runtime

ARENA_BYTES = 64 << 20


def _count(details: Any) -> int:
    # The interpreter does not tell how many there are.
    count = 0
    try:
        while True:
            details(count)
            count += 1
    except (IndexError, RuntimeError, ValueError):
        return count


def _about(details: Any) -> list[Any]:
    return ["", [int(extent) for extent in details["shape"]], np.dtype(details["dtype"]).name, 0.0, 0]


def _run(interpreter: Any, inputs: list[bytes], outputs: int) -> list[bytes]:
    for index, data in enumerate(inputs):
        about = interpreter.get_input_details(index)
        value = np.frombuffer(data, about["dtype"]).reshape(about["shape"])
        interpreter.set_input(value, index)
    interpreter.invoke()
    return [interpreter.get_output(index).tobytes() for index in range(outputs)]


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Outputs of each run in turn, state is kept between them; inputs without names and scales."""
    try:
        start = time.perf_counter_ns()
        interpreter = runtime.Interpreter.from_bytes(request["model"], arena_size=ARENA_BYTES)
        loaded = time.perf_counter_ns()
        inputs, outputs = _count(interpreter.get_input_details), _count(interpreter.get_output_details)
        results = [_run(interpreter, run, outputs) for run in request["runs"]]
        ran = time.perf_counter_ns()
    except (RuntimeError, ValueError, TypeError, IndexError, MemoryError) as error:
        return {"refused": f"the tflite-micro wheel refuses it: {error or type(error).__name__}"}
    times = {"load_ns": loaded - start, "run_ns": (ran - loaded) // max(len(results), 1)}
    return {**times, "results": results, "inputs": [_about(interpreter.get_input_details(index)) for index in range(inputs)]}


if __name__ == "__main__":
    sys.stdout.buffer.write(cbor2.dumps(run(cbor2.load(sys.stdin.buffer))))
