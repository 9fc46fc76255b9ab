# SPDX-License-Identifier: Apache-2.0
"""What kernels and our own models, also loading them, take on each emulated CPU, and may take: tests/bench/nn_budgets.json."""

from __future__ import annotations

import functools
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.nn_builder import Tensor, constant, one_operator, options
from tests.support.nn_shapes import convolution, depthwise, fully_connected

from motet.models import packing

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import nn_bare  # noqa: E402

BUDGETS = ROOT / "tests/bench/nn_budgets.json"
OWN = sorted((ROOT / "models").glob("*/*.tflite"))
#: Around the table of instructions in the cards of our models.
BEGIN, END = "<!-- instructions: tests/bench/bench_nn.py --budgets -->", "<!-- end of instructions -->"
#: Each may become this much slower before somebody has to look at it and write the budgets anew.
SLACK = 1.03


def fnv1a(data: bytes) -> str:
    """As tests/bench/nn_bare tells it."""
    state = 2166136261
    for byte in data:
        state = ((state ^ byte) * 16777619) & 0xFFFFFFFF
    return f"{state:08x}"


def kernels() -> dict[str, bytes]:
    """One layer of each family that models spend their time in."""
    image, row = Tensor((1, 8, 8, 16), 0.1, 3), Tensor((1, 1024), 0.1, 3)
    pool = options("Pool2DOptions", strideH=2, strideW=2, filterHeight=2, filterWidth=2)
    return {
        "conv 1x1, 32 to 32": convolution(32, 32, 1, (8, 8)),
        "conv 3x3, 3 to 16": convolution(3, 16, 3, (12, 12)),
        "depthwise 3x3, 32": depthwise(32, 1, 3, (8, 8)),
        "depthwise 3x3, 1 to 8": depthwise(1, 8, 3, (12, 12)),
        "fully connected 128 to 64": fully_connected(128, 64),
        "average pool": one_operator("AVERAGE_POOL_2D", [image], Tensor((1, 4, 4, 16), 0.1, 3), pool),
        "max pool": one_operator("MAX_POOL_2D", [image], Tensor((1, 4, 4, 16), 0.1, 3), pool),
        "mean": one_operator("MEAN", [image, constant([1, 2])], Tensor((1, 16), 0.2, -3), options("ReducerOptions")),
        "add": one_operator("ADD", [row, row], Tensor((1, 1024), 0.2, -3), options("AddOptions")),
        "softmax of 12": one_operator(
            "SOFTMAX", [Tensor((1, 12), 0.1)], Tensor((1, 12), 1 / 256, -128), options("SoftmaxOptions", beta=1.0)
        ),
        **{path.stem: path.read_bytes() for path in OWN},
    }


@functools.cache
def packed() -> dict[str, bytes]:
    """Our own models as `motet model pack` leaves them, under the names of their loading."""
    return {f"loading {path.stem}": packing.pack(path.read_bytes(), path.stem).data for path in OWN}


def measured(engine: nn_bare.Engine) -> dict[str, int]:
    """Instructions of one run of each, and of loading our own models when they are packed."""
    own = {**kernels(), **packed()}
    figures = ["invoke_instructions"] * len(kernels()) + ["init_instructions"] * len(packed())
    runs = engine.bench([nn_bare.Job(model) for model in own.values()])
    return {name: run[figure] for name, figure, run in zip(own, figures, runs, strict=True)}


def budgets() -> dict[str, Any]:
    return json.loads(BUDGETS.read_text())  # type: ignore[no-any-return]


def write(cpus: Sequence[str]) -> None:
    """Takes what is measured now as the budgets of these CPUs."""
    found = budgets() if BUDGETS.exists() else {}
    for cpu in cpus:
        with tempfile.TemporaryDirectory(prefix="motet-bench-nn-") as folder:
            found[cpu] = measured(nn_bare.Engine(cpu, Path(folder)))
    BUDGETS.write_text(json.dumps(found, indent=2) + "\n")
    for card, text in cards().items():
        card.write_text(text)


def cards() -> dict[Path, str]:
    """The cards of our models with the instructions of the budgets in them."""
    return {card: _card(card) for card in sorted((ROOT / "models").glob("*/README.md"))}


def _card(card: Path) -> str:
    before, _, rest = card.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    names = sorted(path.stem for path in card.parent.glob("*.tflite"))
    rows = [f"| {cpu} | " + " | ".join(f"{own[name]:,}" for name in names) + " |" for cpu, own in budgets().items()]
    head = "| one run, instructions | " + " | ".join(f"`{name}`" for name in names) + " |"
    return before + "\n".join([BEGIN, head, "|---" * (len(names) + 1) + "|", *rows, END]) + after
