#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damaged models through the nn engine under ASan and UBSan, then libFuzzer; prints one JSON object; fails when one crashed.

tools/soak_nn.py [--mutations 1000000] [--fuzz-seconds 600] [--seed 0] [--jobs N] [--keep FOLDER] [MODEL.tflite ...]

Every model is loaded, run twice within a budget of steps, and held to that budget and to the cancel flag. The mutations are the
same for the same seed, whatever the number of jobs; what libFuzzer does in its time depends on the machine.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import nn_fuzz  # noqa: E402
from tests.support.nn_mutations import mutations, seeds  # noqa: E402
from tests.support.nn_packed import packed  # noqa: E402

CHUNK = 5000
#: Seeds of chunks of one run are neighbours; those of another run lie elsewhere.
SEEDS_PER_RUN = 1_000_000
GRACE_S = 120.0


def say(text: str) -> None:
    print(f"soak: nn: {text}", file=sys.stderr, flush=True)


def die_with(parent: int) -> None:
    """Ask the kernel to end this process, a worker, when its parent has ended, however that was."""
    die_when_parent_does = 1  # PR_SET_PDEATHSIG, prctl(2)
    ctypes.CDLL(None).prctl(die_when_parent_does, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def chunk(program: Path, originals: Sequence[bytes], seed: int, piece: tuple[int, int]) -> nn_fuzz.Report:
    index, count = piece
    return nn_fuzz.feed(program, mutations(list(originals), count, seed * SEEDS_PER_RUN + index))


def mutate(folder: Path, originals: Sequence[bytes], options: argparse.Namespace) -> nn_fuzz.Report:
    """All mutations, in pieces on several processes."""
    program = nn_fuzz.build(folder)
    pieces = [(at, min(CHUNK, options.mutations - at * CHUNK)) for at in range(-(-options.mutations // CHUNK))]
    report, done = nn_fuzz.Report(), 0
    with ProcessPoolExecutor(options.jobs, initializer=die_with, initargs=(os.getpid(),)) as pool:
        for own, (_, count) in zip(pool.map(partial(chunk, program, originals, options.seed), pieces), pieces, strict=True):
            report.outcomes += own.outcomes
            report.crashes += own.crashes
            done += count
            say(f"{done:,} of {options.mutations:,} mutations, {len(report.crashes)} crashes")
    return report


def libfuzzer(folder: Path, originals: Sequence[bytes], options: argparse.Namespace) -> nn_fuzz.Fuzzed:
    say(f"libFuzzer for {options.fuzz_seconds} s")
    program = nn_fuzz.build(folder, libfuzzer=True)
    bound = f"-max_total_time={options.fuzz_seconds}"
    return nn_fuzz.fuzz(program, originals, folder, bound, options.seed + 1, options.fuzz_seconds + GRACE_S)


def keep(folder: Path | None, crashes: Sequence[tuple[bytes, str]]) -> None:
    for index, (model, said) in enumerate(crashes):
        print(said, file=sys.stderr)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"crash{index}.tflite").write_bytes(model)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Damaged models through the nn engine under sanitizers.")
    parser.add_argument("--mutations", type=int, default=1_000_000)
    parser.add_argument("--fuzz-seconds", type=int, default=600, help="of libFuzzer; 0 leaves it out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes for the mutations")
    parser.add_argument("--keep", type=Path, help="where to write models that crashed")
    parser.add_argument("models", type=Path, nargs="*", help="more models to damage, besides our own")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    # However it is asked to end, it takes its temporary folder along.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    paths = [*sorted((ROOT / "models").glob("*/*.tflite")), *options.models]
    originals = [*seeds(), packed(), *(path.read_bytes() for path in paths)]
    result: dict[str, Any] = {"seed": options.seed, "originals": len(originals)}
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="motet-soak-nn-") as name:
        report = mutate(Path(name), originals, options)
        crashes = list(report.crashes)
        result |= {"mutations": options.mutations, "outcomes": dict(sorted(Counter(report.outcomes).items()))}
        result |= {"mutation_seconds": round(time.monotonic() - start, 1)}
        if options.fuzz_seconds:
            fuzzed = libfuzzer(Path(name), originals, options)
            crashes += [(model, fuzzed.said) for model in fuzzed.findings]
            facts = {one: getattr(fuzzed, one) for one in ("executions", "coverage", "features", "corpus")}
            result["libfuzzer"] = {"seconds": options.fuzz_seconds, **facts, "findings": len(fuzzed.findings)}
    keep(options.keep, crashes)
    print(json.dumps({**result, "crashes": len(crashes), "seconds": round(time.monotonic() - start, 1)}))
    return bool(crashes)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except nn_fuzz.NoCompiler as error:
        sys.exit(str(error))
