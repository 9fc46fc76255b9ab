#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the figures of README.md from build/bench.json, so that it quotes what `make bench` measured and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- figures: make bench && tools/readme_figures.py -->", "<!-- end of figures -->"


def shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}" if value < 100 else f"{value:,.0f}"


def row(target: dict[str, Any]) -> str:
    bound = f"at most {shown(target['at_most'])}" if "at_most" in target else f"at least {shown(target['at_least'])}"
    return f"| {target['what']} | {shown(target['value'])} | {bound} |"


def table(bench: dict[str, Any]) -> str:
    machine = bench["machine"]
    head = (
        f"Measured by `make bench` on {machine['cpus']} cores ({machine['arch']}, Python {machine['python']}). "
        "Instructions are counted by QEMU on the emulated part."
    )
    return "\n".join([head, "", "| what | measured | target |", "|---|---|---|", *map(row, bench["targets"])])


def main() -> None:
    readme = ROOT / "README.md"
    text = readme.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    figures = table(json.loads((ROOT / "build" / "bench.json").read_text()))
    readme.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}")


if __name__ == "__main__":
    main()
