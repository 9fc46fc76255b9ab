#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cuts the power of the store at every operation, and feeds it hostile content under sanitizers. Prints one JSON object.

    tools/soak_store.py [--values 60] [--every 1] [--board-cuts 24] [--fuzz-runs 30000]

Exit status 1 when after any cut the state was neither the one before nor the one after the interrupted call, when anything
acknowledged was lost, or when a sanitizer spoke.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/board")]
from tests.support import power_cuts  # noqa: E402


def cuts(values: int, every: int) -> dict[str, Any]:
    start = time.monotonic()
    report = power_cuts.run_all(values, every, lambda text: print(text, file=sys.stderr, flush=True))
    return {
        "cuts": report.cuts,
        "operations": report.operations,
        "exhaustive": every == 1,
        "seconds": round(time.monotonic() - start, 1),
        "failures": report.failures[:20],
    }


def board_cuts(count: int) -> dict[str, Any]:
    """QEMU killed at writes all over the commit of a model and of a component, on virt_rv32."""
    from tests.support.board_cuts import COMPONENT, MODEL, cut_installs

    from motet.emulate.emulator import Emulator

    if not count:
        return {"cuts": 0, "failures": []}
    subprocess.run([sys.executable, str(ROOT / "tools/build.py"), "firmware", "virt_rv32"], check=True, stdout=subprocess.DEVNULL)
    # A commit programs some 18 words, each in four writes.
    commit = [1 + number * 76 // count for number in range(count)]
    try:
        with tempfile.TemporaryDirectory() as folder, Emulator("virt_rv32", flash=Path(folder) / "flash") as machine:
            blocks = [7 * number + 1 for number in range(count // 4)]
            done = sum(cut_installs(machine, commit, blocks, goods) for goods in (MODEL, COMPONENT))
    except AssertionError as error:
        return {"failures": [str(error)]}
    return {"cuts": done, "board": "virt_rv32 (emulated)", "failures": []}


def fuzz(runs: int) -> dict[str, Any]:
    """The fuzzer of tests/native under ASan and UBSan."""
    compiler = next(filter(None, map(shutil.which, ("gcc", "clang"))), None)
    if compiler is None:
        return {"failures": ["no C compiler: apt-get install gcc"]}
    native = ROOT / "firmware/native"
    sources = [ROOT / "tests/native/store_fuzz.c", *sorted((native / "store").glob("*.c")), native / "frame/crc32.c"]
    flags = ["-std=c11", "-O1", "-g", f"-I{native}", "-DSTORE_FUZZ_MAIN", "-fsanitize=address,undefined"]
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/store_fuzz"
        subprocess.run([compiler, *flags, "-fno-sanitize-recover=all", *map(str, sources), "-o", program], check=True)
        done = subprocess.run([program, "77", str(runs)], capture_output=True, text=True)
    if done.returncode:
        return {"failures": [done.stderr[-1000:]]}
    return {**json.loads(done.stdout), "failures": []}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--values", type=int, default=60, help="updates in each course of values (default: 60)")
    parser.add_argument("--every", type=int, default=1, help="take only every so-manieth cut (default: 1, all of them)")
    parser.add_argument("--fuzz-runs", type=int, default=30_000)
    parser.add_argument(
        "--board-cuts", type=int, default=24, help="kills of QEMU in commits, and a quarter in blocks (default: 24)"
    )
    options = parser.parse_args()
    report = {
        "power_cuts": cuts(options.values, options.every),
        "board_cuts": board_cuts(options.board_cuts),
        "fuzz": fuzz(options.fuzz_runs),
    }
    print(json.dumps(report))
    return int(any(part["failures"] for part in report.values()))


if __name__ == "__main__":
    sys.exit(main())
