#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write tests/dual/fixtures_nn.py: small models with the outputs of the tflite-micro wheel, and models to refuse. MicroPython
has neither the wheel nor flatbuffers. ``--check`` only says whether the file is current."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
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


def golden(wheel: Wheel, model: bytes) -> str:
    """The model, its inputs and the wheel's outputs."""
    graph = unpack(model).subgraphs[0]
    chance = np.random.default_rng(1)
    inputs = []
    for index in graph.inputs:
        limits = np.iinfo(NUMPY[graph.tensors[index].type])
        inputs.append(chance.integers(limits.min, limits.max, list(graph.tensors[index].shape), limits.dtype, endpoint=True))
    (outputs,) = wheel.run(model, [inputs])
    given = ", ".join(text(value.tobytes()) for value in inputs)
    wanted = ", ".join(text(value) for value in outputs)
    return f"    ({text(model)},\n     [{given}],\n     [{wanted}]),\n"


def generate() -> str:
    """The text of fixtures_nn.py."""
    wheel = Wheel()
    try:
        goldens = "".join(golden(wheel, model) for model in seeds())
    finally:
        wheel.close()
    refusals = "".join(f"    ({text(model)},\n     {error!r}),\n" for model, error in refused()[::EACH_NTH_REFUSED])
    return (
        f"{HEADER}\n#: model, inputs, outputs of tflite-micro\nGOLDEN = [\n{goldens}]\n"
        f"\n#: model, error\nREFUSED = [\n{refusals}]\n"
    )


def main() -> int:
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text() == generate() else 1
    TARGET.write_text(generate())
    return 0


if __name__ == "__main__":
    sys.exit(main())
