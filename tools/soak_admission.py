#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs random and mutated modules, as admission leaves them, on the device engine under AddressSanitizer.

tools/soak_admission.py [--modules 10000] [--seed 0] [--keep FOLDER]; prints one JSON object; fails when the engine crashed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import wasm_soak  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description="Admitted modules on the device engine under AddressSanitizer.")
    parser.add_argument("--modules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where to write modules that crashed the engine")
    options = parser.parse_args()
    start, outcomes, crashes = time.monotonic(), Counter[str](), 0
    with tempfile.TemporaryDirectory(prefix="motet-soak-wasm-") as scratch:
        folder = Path(scratch)
        program = wasm_soak.build(folder)
        source = wasm_soak.modules(options.modules, options.seed, outcomes)
        while batch := list(islice(source, wasm_soak.BATCH)):
            if (found := wasm_soak.feed(program, batch, folder)) is None:
                continue
            crashes += 1
            print(found[1], file=sys.stderr)
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"crash{crashes}.wasm").write_bytes(found[0])
    seconds = round(time.monotonic() - start, 1)
    print(json.dumps({"modules": options.modules, "outcomes": dict(outcomes), "crashes": crashes, "seconds": seconds}))
    return int(crashes > 0)


if __name__ == "__main__":
    sys.exit(main())
