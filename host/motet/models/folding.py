# SPDX-License-Identifier: Apache-2.0
"""Rewrites a graph into one with fewer operators that computes the same bytes.

Each rule looks at one operator and says whether it changed the graph; rules run until none does. A rule applies only where the
bytes cannot change: integers whose sums do not depend on their order, paddings with the very zero point that the convolution
pads with, shapes that are known from the file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motet.models.graph import Graph
from motet.models.paddings import padded_convolution
from motet.models.shapes import constant_shapes, no_operation, view_of_view
from motet.models.transposes import moved_ones, transposed_twice, transposed_weights

Rule = Callable[[Graph, Any], bool]
RULES: dict[str, Rule] = {
    "constant_shapes": constant_shapes,
    "no_operation": no_operation,
    "view_of_view": view_of_view,
    "moved_ones": moved_ones,
    "transposed_twice": transposed_twice,
    "transposed_weights": transposed_weights,
    "padded_convolution": padded_convolution,
}


def fold(graph: Graph) -> dict[str, int]:
    """Applies every rule; how often each one applied."""
    counts: dict[str, int] = {}
    while applied := _one_change(graph):
        counts[applied] = counts.get(applied, 0) + 1
    return counts


def _one_change(graph: Graph) -> str | None:
    for operator in graph.operators:
        for name, rule in RULES.items():
            if rule(graph, operator):
                return name
    return None
