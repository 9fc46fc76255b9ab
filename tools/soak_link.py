#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Long runs of two links over bad lines with restarts, and of the C fuzzer under sanitizers. Prints one JSON object.

    tools/soak_link.py [--seconds 60] [--seed 1]

Exit status 1 when a message was lost, repeated or out of order, when two ends did not find together again, or when a
sanitizer spoke. `seed` in a failure names the course of events that led there.
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
sys.path[:0] = [str(ROOT / "tests/dual")]
from link_world import Random, World  # noqa: E402

LINES: dict[str, dict[str, Any]] = {
    "clean": {},
    "bit errors 1e-4": {"bit_error": 1e-4, "pieces": 40},
    "bit errors 1e-3": {"bit_error": 1e-3, "pieces": 20},
    "loss and stalls": {"drop": 0.05, "stall": 0.02},
    "repeated and reordered": {"repeat": 0.1, "reorder": 0.1, "drop": 0.05, "latency": 20},
    "everything": {"bit_error": 1e-4, "drop": 0.02, "repeat": 0.02, "reorder": 0.02, "cut": 0.02, "burst": 0.02, "stall": 0.01},
}
STEPS = 600


def course(seed: int, line: dict[str, Any]) -> World:
    """Some hundred random events with restarts of both ends, then calm; raises AssertionError when anything went wrong."""
    random = Random(seed ^ 0x5EED)
    world = World(seed, **line)
    if seed % 3 == 0:
        world.b.epochs = lambda: 5  # a board without entropy
    for _ in range(STEPS):
        for end in (world.a, world.b):
            if random.chance(0.3):
                end.send(bytes(random.below(60)))
            if random.chance(0.6):
                end.read_all()
            if random.chance(0.005):
                end.start()
        world.step(10000 if random.chance(0.02) else 1 + random.below(10))
    world.calm()
    world.run(world.idle, 200_000)
    world.check()
    return world


def courses(name: str, line: dict[str, Any], seed: int, seconds: float) -> dict[str, Any]:
    report: dict[str, Any] = {"courses": 0, "messages": 0, "restarts_noticed": 0, "failures": []}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            world = course(seed, line)
        except AssertionError as error:
            report["failures"].append({"seed": seed, "what": str(error)[:200]})
        else:
            for party in (world.a, world.b):
                report["messages"] += sum(map(len, party.received.values()))
                report["restarts_noticed"] += party.link.resets
        report["courses"] += 1
        seed += 1
    print(f"{name}: {report['courses']} courses", file=sys.stderr, flush=True)
    return report


def fuzz(seed: int, runs: int) -> dict[str, Any]:
    """The fuzzer of tests/native under ASan and UBSan."""
    compiler = next(filter(None, map(shutil.which, ("clang-14", "clang", "gcc"))), None)
    if compiler is None:
        return {"failures": ["no C compiler: apt-get install gcc"]}
    native = ROOT / "firmware/native"
    sources = [ROOT / "tests/native/frame_fuzz.c", native / "cancel.c", *sorted((native / "frame").glob("*.c"))]
    flags = [
        "-std=c11",
        "-O1",
        "-g",
        f"-I{native}",
        "-DFRAME_FUZZ_MAIN",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ]
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/frame_fuzz"
        subprocess.run([compiler, *flags, *map(str, sources), "-o", program], check=True)
        done = subprocess.run([program, str(seed), str(runs)], capture_output=True, text=True)
    if done.returncode:
        return {"failures": [done.stderr[-1000:]]}
    return {**json.loads(done.stdout), "failures": []}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="for all lines together (default: 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fuzz-runs", type=int, default=50_000)
    options = parser.parse_args()
    each = options.seconds / len(LINES)
    report = {name: courses(name, line, options.seed, each) for name, line in LINES.items()}
    report["fuzz"] = fuzz(options.seed, options.fuzz_runs)
    print(json.dumps(report))
    return int(any(part["failures"] for part in report.values()))


if __name__ == "__main__":
    sys.exit(main())
