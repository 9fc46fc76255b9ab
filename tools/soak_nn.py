#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs damaged models through the nn engine under ASan and UBSan; prints one JSON object; fails when one crashed.

tools/soak_nn.py [--mutations 10000] [--seed 0] [--keep FOLDER] [MODEL.tflite ...]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import nn_fuzz  # noqa: E402
from tests.support.nn_mutations import mutations, seeds  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description="Damaged models through the nn engine under sanitizers.")
    parser.add_argument("--mutations", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where to write models that crashed")
    parser.add_argument("models", type=Path, nargs="*", help="more models to damage, besides our own")
    options = parser.parse_args()
    paths = [*sorted((ROOT / "models").glob("*/*.tflite")), *options.models]
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="motet-soak-nn-") as folder:
        program = nn_fuzz.build(Path(folder))
        originals = [*seeds(), *(path.read_bytes() for path in paths)]
        report = nn_fuzz.feed(program, mutations(originals, options.mutations, options.seed))
    for index, (model, said) in enumerate(report.crashes):
        print(said, file=sys.stderr)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"crash{index}.tflite").write_bytes(model)
    print(
        json.dumps(
            {
                "mutations": options.mutations,
                "seed": options.seed,
                "outcomes": dict(sorted(report.outcomes.items())),
                "crashes": len(report.crashes),
                "seconds": round(time.monotonic() - start, 1),
            }
        )
    )
    return bool(report.crashes)


if __name__ == "__main__":
    sys.exit(main())
