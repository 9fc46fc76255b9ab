#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The decoders of bytes from outside under atheris, which looks for input that takes new ways through them.

Each target of tests/support/decoder_targets.py runs in a process of its own (libFuzzer ends it). Prints one JSON object and
exits with 1 when a decoder broke its promise. Where there is no atheris, input is damaged at random instead.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PATIENCE_S = 3600
SEED = 20260728
INSTRUMENTED = ["motet.wire", "motet.fleet", "motet.bus", "motet.gateway", "motet_core"]


def guided(name: str, runs: int, corpus: Path) -> None:
    """Never returns: libFuzzer ends the process, with 0 when all went well."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        from tests.support.decoder_targets import TARGETS
    target = TARGETS[name]
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed{number}").write_bytes(seed)
    atheris.Setup([name, f"-runs={runs}", f"-seed={SEED}", "-max_len=4096", "-print_final_stats=1", str(corpus)], target.run)
    atheris.Fuzz()


def damaging(name: str, runs: int) -> None:
    """The same without a guide."""
    from tests.support.decoder_targets import TARGETS
    from tests.support.fuzz_damage import damaged

    target, rng = TARGETS[name], random.Random(SEED)
    for _ in range(runs):
        target.run(damaged(rng, rng.choice(target.seeds)))


def run(name: str, runs: int) -> dict[str, Any]:
    """One target in a process of its own."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="motet-soak-") as folder:
        command = [sys.executable, __file__, "--target", name, "--runs", str(runs), "--corpus", folder]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
    executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    result = {"runs": int(executed[1]) if executed else runs, "seconds": round(time.monotonic() - start, 1)}
    return result if done.returncode == 0 else {**result, "failure": done.stderr[-1500:]}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200_000, help="of each target")
    parser.add_argument("--target", help="this one, in this process")
    parser.add_argument("--corpus", type=Path, help="folder of what was found")
    options = parser.parse_args()
    with_atheris = find_spec("atheris") is not None
    if options.target:
        guided(options.target, options.runs, options.corpus) if with_atheris else damaging(options.target, options.runs)
        return 0
    from tests.support.decoder_targets import TARGETS

    results = {name: run(name, options.runs) for name in TARGETS}
    print(json.dumps({"guided": with_atheris, "targets": results}))
    return int(any("failure" in one for one in results.values()))


if __name__ == "__main__":
    sys.exit(main())
