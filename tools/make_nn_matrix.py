#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the operator matrix of docs/nn.md. ``--check`` only says whether it is current.

Operators, kernels and switches come from the registry. Types come from the golden models of tests/dual, whose outputs are the
wheel's, and from asking the engine about the same models with other types.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/dual"), str(ROOT / "host")]

import numpy as np  # noqa: E402
from fixtures_nn import GOLDEN  # type: ignore[import-not-found]  # noqa: E402
from motet_native import nn  # noqa: E402

from motet.models.graph import KIND, NUMPY, Graph  # noqa: E402

NATIVE = ROOT / "firmware/native/nn"
TARGET = ROOT / "docs/nn.md"
BEGIN, END = "<!-- matrix: tools/make_nn_matrix.py -->\n", "<!-- end of matrix -->\n"
PROBED = (KIND.INT8, KIND.UINT8, KIND.INT16, KIND.INT32, KIND.INT64, KIND.FLOAT32, KIND.BOOL)
ORDER = ("int8", "int16", "float32", "int32", "uint8", "int64", "uint32", "uint64", "bool")


def kernels() -> dict[str, tuple[str, str]]:
    """Symbol of each operator in the sources -> name, file."""
    found = {}
    for file in sorted(NATIVE.glob("*.c")):
        for symbol, name in re.findall(r'const nn_operator (nn_\w+) = \{[^"]*"([^"]+)"', file.read_text()):
            found[symbol] = (name, file.name)
    return found


def registered() -> Iterator[tuple[str, str]]:
    """Symbols of the registry and the switch that leaves each out, or ""."""
    switch = ""
    for line in (NATIVE / "registry.c").read_text().splitlines():
        if match := re.match(r"#ifndef (NN_WITHOUT_\w+)", line):
            switch = match[1]
        elif line.startswith("#endif"):
            switch = ""
        elif match := re.match(r"    (?:\{\w+, )?&(nn_\w+)\}?,", line):
            yield match[1], switch


def golden() -> dict[str, dict[str, bytes]]:
    """Operator -> type of its first input -> a model of it alone that the wheel has run."""
    found: dict[str, dict[str, bytes]] = {}
    for data, _, _ in GOLDEN:
        graph = Graph(data)
        for operator in graph.operators:
            kind = _type(graph, operator)
            found.setdefault(graph.name(operator), {}).setdefault(kind, data)
    return found


def _type(graph: Graph, operator: Any) -> str:
    """Of the first input that is no constant: some operators have their axis or shape first."""
    given = [one for one in operator.inputs if one >= 0]
    first = next((one for one in given if graph.constant(one) is None), given[0])
    return np.dtype(NUMPY[graph.tensors[first].type]).name


def also_taken(data: bytes) -> Iterator[str]:
    """Types for which the engine takes a model of one operator as well, when its activations of int8 get that type."""
    for kind in PROBED:
        graph = Graph(data)
        if len(graph.operators) != 1 or _type(graph, graph.operators[0]) != "int8":
            return
        for index, tensor in enumerate(graph.tensors):
            if tensor.type == KIND.INT8 and graph.constant(index) is None:
                tensor.type = kind
                if tensor.quantization is not None and kind != KIND.INT8:
                    tensor.quantization.zeroPoint = np.zeros_like(tensor.quantization.zeroPoint)
        try:
            nn.Model(graph.save())
        except nn.Error:
            continue
        yield np.dtype(NUMPY[kind]).name


def matrix() -> str:
    """The table in Markdown."""
    sources, tested = kernels(), golden()
    rows: dict[str, dict[str, str]] = {}
    for symbol, switch in registered():
        name, file = sources[symbol]
        rows.setdefault(name, {})[file] = f" ({switch})" if switch else ""
    lines = ["| operator | golden against the wheel | also taken | kernels |", "|---|---|---|---|"]
    for name in sorted(rows, key=str.upper):
        own = sorted(tested.get(name, {}), key=ORDER.index)
        model = tested.get(name, {}).get("int8")
        more = sorted(set(also_taken(model) if model else ()) - set(own), key=ORDER.index)
        files = ", ".join(f"`{file}`{switch}" for file, switch in rows[name].items())
        lines.append(f"| `{name}` | {', '.join(own) or 'none'} | {', '.join(more)} | {files} |")
    return "\n".join(lines) + "\n"


def current(text: str) -> str:
    """The page with the matrix of now."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + matrix() + END + tail


def main() -> None:
    text = TARGET.read_text()
    wanted = current(text)
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(wanted)
    elif wanted != text:
        sys.exit("the operator matrix of docs/nn.md is not current: run tools/make_nn_matrix.py")


if __name__ == "__main__":
    main()
