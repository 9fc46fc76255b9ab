#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write tests/dual/fixtures_nn.py: small models with the outputs of the tflite-micro wheel, and models to refuse. MicroPython
has neither the wheel nor flatbuffers. ``--check`` only says whether the file is current."""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from tests.support import nn_signal, nn_state  # noqa: E402
from tests.support.nn_builder import NUMPY, Wheel, unpack  # noqa: E402
from tests.support.nn_mutations import seeds  # noqa: E402
from tests.support.nn_refused import refused  # noqa: E402

TARGET = ROOT / "tests/dual/fixtures_nn.py"
HEADER = '''# SPDX-License-Identifier: Apache-2.0
"""Made by tools/make_nn_fixtures.py; do not edit."""
# fmt: off

from binascii import a2b_base64
'''
COLUMNS = 116
EACH_NTH_REFUSED = 13


def text(data: bytes) -> str:
    own = base64.b64encode(data).decode()
    lines = [f'        "{own[at : at + COLUMNS]}"' for at in range(0, len(own), COLUMNS)]
    if len(lines) == 1:
        return f"a2b_base64({lines[0].strip()})"
    return "a2b_base64(\n" + "\n".join(lines) + "\n    )"


def random_inputs(model: bytes, chance: np.random.Generator) -> list[NDArray[Any]]:
    graph = unpack(model).subgraphs[0]
    inputs: list[NDArray[Any]] = []
    for index in graph.inputs:
        shape, dtype = list(graph.tensors[index].shape), NUMPY[graph.tensors[index].type]
        if dtype is np.float32:
            inputs.append(chance.normal(0, 3, shape).astype(dtype))
            continue
        limits = np.iinfo(dtype)
        inputs.append(chance.integers(limits.min, limits.max, shape, dtype, endpoint=True))
    return inputs


def listed(values: Sequence[bytes]) -> str:
    return "[" + ",\n       ".join(map(text, values)) + "]"


def golden(wheel: Wheel, model: bytes) -> str:
    """The model, its inputs and the wheel's outputs."""
    inputs = random_inputs(model, np.random.default_rng(1))
    (outputs,) = wheel.run(model, [inputs])
    return f"    ({text(model)},\n     {listed([value.tobytes() for value in inputs])},\n     {listed(outputs)}),\n"


def series(wheel: Wheel, model: bytes) -> str:
    """A model that remembers, with the inputs of some runs and the wheel's outputs."""
    chance = np.random.default_rng(2)
    runs = [random_inputs(model, chance) for _ in range(4)]
    given = ",\n      ".join(listed([value.tobytes() for value in run]) for run in runs)
    wanted = ",\n      ".join(map(listed, wheel.run(model, runs)))
    return f"    ({text(model)},\n     [{given}],\n     [{wanted}]),\n"


def generate() -> str:
    """The text of fixtures_nn.py."""
    wheel = Wheel()
    try:
        goldens = "".join(golden(wheel, model) for model in seeds())
        remembering = [nn_state.svdf(memory=3), nn_state.lstm(), nn_signal.subtraction()]
        several = "".join(series(wheel, model) for model in remembering)
    finally:
        wheel.close()
    refusals = "".join(f"    ({text(model)},\n     {error!r}),\n" for model, error in refused()[::EACH_NTH_REFUSED])
    return (
        f"{HEADER}\n#: model, inputs, outputs of tflite-micro\nGOLDEN = [\n{goldens}]\n"
        f"\n#: model, inputs of each run, outputs of tflite-micro\nSERIES = [\n{several}]\n"
        f"\n#: model, error\nREFUSED = [\n{refusals}]\n"
    )


def main() -> int:
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text() == generate() else 1
    TARGET.write_text(generate())
    return 0


if __name__ == "__main__":
    sys.exit(main())
