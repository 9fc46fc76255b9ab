# SPDX-License-Identifier: Apache-2.0
"""The models of models/ on their test data, here and on MicroPython, and their trainers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motet_native import nn
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
OWN = ROOT / "models"
EDGE = Path(os.environ.get("MOTET_EDGE", ROOT / "build/edge/motet-edge"))
TIMEOUT_S = 110
#: Reads inputs from one file, writes outputs to another.
PROGRAM = """
import sys
from motet_native import nn
with open(sys.argv[1], "rb") as file:
    model = nn.Model(file.read())
size = 1
for extent in model.inputs[0][1]:
    size *= extent
with open(sys.argv[2], "rb") as inputs, open(sys.argv[3], "wb") as outputs:
    data = inputs.read(size)
    while data:
        outputs.write(model.predict([data])[0])
        data = inputs.read(size)
"""


def here(model: Path, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """Outputs (inputs, values) of a model with one input and one output, by the engine of this Python."""
    own = nn.Model(model.read_bytes())
    return np.array([np.frombuffer(own.predict([x])[0], np.int8) for x in inputs])


def on_micropython(model: Path, inputs: NDArray[np.int8], folder: Path) -> NDArray[np.int8]:
    """The same by the edge binary; skips where it is not built."""
    if not EDGE.exists() and not os.environ.get("MOTET_CI"):
        pytest.skip(f"{EDGE} is missing: make -C firmware/edge")
    program, given, made = (folder / name for name in ("program.py", "inputs", "outputs"))
    program.write_text(PROGRAM)
    given.write_bytes(inputs.tobytes())
    command = [str(EDGE), str(program), str(model), str(given), str(made)]
    subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)
    return np.frombuffer(made.read_bytes(), np.int8).reshape(len(inputs), -1)


def trained(script: str, output: Path, *arguments: str) -> bytes:
    """What a trainer writes, with one thread."""
    command = [sys.executable, str(OWN / script), *arguments, "--output", str(output)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    return output.read_bytes()


def modules(folder: str, *names: str) -> list[Any]:
    """Modules beside a trainer, imported as the trainer does it and then forgotten: trainers share names such as `train`."""
    before, path = set(sys.modules), list(sys.path)
    sys.path[:0] = [str(OWN / folder), str(OWN)]
    try:
        return [__import__(name) for name in names]
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - before:
            if str(OWN) in str(getattr(sys.modules[name], "__file__", None)):
                del sys.modules[name]
