#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine against its anchors (nn_anchors.json) on an emulated Cortex-M4; prints one JSON object.

    tests/bench/bench_nn.py [--models FOLDER]

FOLDER (or MOTET_MODELS) holds the public models; those that are absent are skipped, with the reason. Every model is
measured as it is and with a plan in its file. `ratio` is ours divided by the anchor's.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
from tests.support import nn_library, nn_networks, nn_packed  # noqa: E402
from tests.support.nn_builder import unpack  # noqa: E402

import bench_nn  # type: ignore[import-not-found]  # noqa: E402

ANCHORS = json.loads(Path(__file__).with_name("nn_anchors.json").read_text())


def model_of(entry: dict[str, Any], folder: Path) -> bytes | None:
    if "network" in entry:
        return bytes(getattr(nn_networks, entry["network"])())
    path = folder / entry["file"]
    return path.read_bytes() if path.exists() else None


def packed(library: Any, model: bytes) -> bytes:
    own = nn_library.Model(library, model)
    offsets = own.offsets(len(unpack(model).subgraphs[0].tensors))
    return nn_packed.with_plan(model, nn_packed.plan(model, offsets, own.activation_bytes))


def arena(found: dict[str, Any]) -> int:
    return int(found["table_bytes"]) + int(found["activation_bytes"])


def row(entry: dict[str, Any], plain: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    if plain["output_fnv1a"] != own["output_fnv1a"]:
        raise SystemExit(f"{entry['name']}: the packed model gives other bytes")
    instructions, memory, init = own["invoke_instructions"], arena(own), own["init_instructions"]
    met = instructions <= entry["instructions_at_most"] and memory <= entry["arena_at_most"]
    return {
        "model": entry["name"], "instructions": instructions, "instructions_at_most": entry["instructions_at_most"],
        "instructions_ratio": round(instructions / entry["anchor_instructions"], 3),
        "arena": memory, "arena_at_most": entry["arena_at_most"], "arena_ratio": round(memory / entry["anchor_arena"], 3),
        "arena_unpacked": arena(plain), "init": init, "init_at_most": ANCHORS["init_at_most"],
        "measure_and_init": own["load_instructions"], "init_unpacked": plain["init_instructions"],
        "output_fnv1a": own["output_fnv1a"], "met": met and init <= ANCHORS["init_at_most"],
        **({"note": entry["note"]} if "note" in entry else {}),
    }  # fmt: skip


def models(folder: Path) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory(prefix="motet-bench-nn-") as name:
        library = nn_library.build(Path(name))
        for entry in ANCHORS["models"]:
            model = model_of(entry, folder)
            if model is None:
                rows.append({"model": entry["name"], "skipped": f"no {entry['file']} in {folder}"})
                continue
            paths = [Path(name) / f"{entry['name']}{kind}.tflite" for kind in ("", "_packed")]
            paths[0].write_bytes(model)
            paths[1].write_bytes(packed(library, model))
            plain, own = bench_nn.bench(paths)["models"]
            rows.append(row(entry, plain, own))
    return rows


def text() -> list[dict[str, Any]]:
    rows = []
    for entry in ANCHORS["text"]:
        found = bench_nn.text_bytes(entry.get("operators"), entry.get("without", []))
        limit = {"at_most": entry["at_most"], "met": found <= entry["at_most"]} if "at_most" in entry else {}
        ratio = round(found / entry["anchor_bytes"], 3)
        rows.append({"engine": entry["name"], "bytes": found, "ratio": ratio, **limit})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="The engine against its anchors on an emulated Cortex-M4, as JSON.")
    default = os.environ.get("MOTET_MODELS", str(ROOT.parent / "shared/models"))
    parser.add_argument("--models", type=Path, default=Path(default), metavar="FOLDER")
    options = parser.parse_args()
    bench_nn.need_tools()
    json.dump({"anchors": ANCHORS["source"], "models": models(options.models), "text": text()}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
