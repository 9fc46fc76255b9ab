#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine against its anchors (nn_anchors.json) and on every CPU; prints a table on standard error and one JSON object.

    tests/bench/bench_nn.py [--models FOLDER] [--cpu CPU ...] [--budgets]

FOLDER (or MOTET_MODELS) holds the public models; those that are absent are skipped, with the reason. Every model is measured as
it is and with a plan in its file. `ratio` is ours divided by the anchor's, which is always Cortex-M4: on other CPUs it says how
far they are from it. `same_bytes`: the output is that of the first CPU. --budgets writes nn_budgets.json anew instead, which
tests/unit/test_nn_cores.py holds the kernels to.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
from tests.support import nn_kernels, nn_library, nn_networks, nn_packed  # noqa: E402
from tests.support.nn_builder import unpack  # noqa: E402

import bench_nn  # type: ignore[import-not-found]  # noqa: E402
import nn_bare  # type: ignore[import-not-found]  # noqa: E402

ANCHORS = json.loads(Path(__file__).with_name("nn_anchors.json").read_text())
TEXT_RULE = (
    "Code and constants of the engine that stay after the linker has dropped the rest, the table of operators included; without "
    "what it takes from libc, libm and libgcc. `bytes` is without texts (NN_WITHOUT_TEXTS: codes for reasons, no names), "
    "as the anchor is without its error strings; `with_texts` is what boards have. The anchors hold the operators of one model."
)
COLUMNS = ("model", "cpu", "instructions", "instructions_ratio", "arena", "arena_ratio", "init", "same_bytes", "met")


def model_of(entry: dict[str, Any], folder: Path) -> bytes | None:
    if "network" in entry:
        return bytes(getattr(nn_networks, entry["network"])())
    path = folder / entry["file"]
    return path.read_bytes() if path.exists() else None


def packed(library: Any, model: bytes) -> bytes:
    own = nn_library.Model(library, model)
    offsets = own.offsets(len(unpack(model).subgraphs[0].tensors))
    return nn_packed.planned(model, offsets, own.activation_bytes)


def arena(found: dict[str, Any]) -> int:
    return int(found["table_bytes"]) + int(found["activation_bytes"])


def row(entry: dict[str, Any], cpu: str, plain: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    if "error" in own or plain["output_fnv1a"] != own["output_fnv1a"]:
        raise SystemExit(f"{entry['name']} on {cpu}: {own.get('error', 'the packed model gives other bytes')}")
    instructions, memory, init = own["invoke_instructions"], arena(own), own["init_instructions"]
    found = {
        "model": entry["name"], "cpu": cpu, "instructions": instructions,
        "instructions_ratio": round(instructions / entry["anchor_instructions"], 3),
        "arena": memory, "arena_ratio": round(memory / entry["anchor_arena"], 3), "arena_unpacked": arena(plain),
        "init": init, "measure_and_init": own["load_instructions"], "init_unpacked": plain["init_instructions"],
        "output_fnv1a": own["output_fnv1a"], **({"note": entry["note"]} if "note" in entry else {}),
    }  # fmt: skip
    if cpu == ANCHORS["cpu"]:
        limits = {name: entry[name] for name in ("instructions_at_most", "arena_at_most")}
        found |= {**limits, "init_at_most": ANCHORS["init_at_most"]}
        met = instructions <= limits["instructions_at_most"] and memory <= limits["arena_at_most"]
        found["met"] = met and init <= ANCHORS["init_at_most"]
    return found


def models(folder: Path, cpus: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    entries, jobs = [], []
    with tempfile.TemporaryDirectory(prefix="motet-bench-nn-") as name:
        library = nn_library.build(Path(name))
        for entry in ANCHORS["models"]:
            if (model := model_of(entry, folder)) is None:
                rows.append({"model": entry["name"], "skipped": f"no {entry['file']} in {folder}"})
                continue
            entries.append(entry)
            jobs += [nn_bare.Job(model), nn_bare.Job(packed(library, model))]
    for cpu in cpus:
        found = nn_bare.bench(jobs, cpu)
        rows += [row(entry, cpu, found[2 * at], found[2 * at + 1]) for at, entry in enumerate(entries)]
    first = {one["model"]: one["output_fnv1a"] for one in reversed(rows) if "cpu" in one}
    return [{**one, "same_bytes": one["output_fnv1a"] == first[one["model"]]} if "cpu" in one else one for one in rows]


def text() -> list[dict[str, Any]]:
    rows = []
    for entry in ANCHORS["text"]:
        operators, without = entry.get("operators"), entry.get("without", [])
        found = bench_nn.text_bytes(operators, [*without, "TEXTS"])
        whole = bench_nn.text_bytes(operators, without)
        limit = {"at_most": entry["at_most"], "met": found <= entry["at_most"]} if "at_most" in entry else {}
        ratio = round(found / entry["anchor_bytes"], 3)
        rows.append({"engine": entry["name"], "bytes": found, "ratio": ratio, "with_texts": whole, **limit})
    return rows


def show(rows: Sequence[dict[str, Any]]) -> None:
    """The rows as columns, on standard error."""
    lines = [COLUMNS, *([str(one.get(name, "")) for name in COLUMNS] for one in rows if "cpu" in one)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip(), file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description="The engine against its anchors, on emulated cores, as JSON.")
    default = os.environ.get("MOTET_MODELS", str(ROOT.parent / "shared/models"))
    parser.add_argument("--models", type=Path, default=Path(default), metavar="FOLDER")
    parser.add_argument("--cpu", action="append", choices=list(nn_bare.CPUS), help="all when none is named")
    parser.add_argument("--budgets", action="store_true", help="write nn_budgets.json anew")
    options = parser.parse_args()
    cpus = options.cpu or list(nn_bare.CPUS)
    nn_bare.need_tools(cpus)
    if options.budgets:
        nn_kernels.write(cpus)
        return 0
    rows = models(options.models, cpus)
    show(rows)
    notes = {cpu: nn_bare.CPUS[cpu].note for cpu in cpus if nn_bare.CPUS[cpu].note}
    sizes = {"text_rule": TEXT_RULE, "text": text()}
    json.dump({"anchors": ANCHORS["source"], "cpus": notes, "models": rows, **sizes}, sys.stdout, indent=2)
    print()
    return int(not all(one.get("same_bytes", True) for one in rows))


if __name__ == "__main__":
    sys.exit(main())
