#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions that models take on an emulated core, and the bytes of the engine; prints JSON.

    tools/bench_nn.py [--cpu cortex-m4] [--optimise 2] MODEL.tflite ...

Needs the cross compiler of the core and QEMU. Counts are instructions, not cycles, the same on each run, in units of 31 to 62 on
Cortex-M and of 1 on RV32. The input is a fixed pseudo-random byte sequence.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nn_bare import CPUS, Engine, Job, compile_engine, need_tools, run  # type: ignore[import-not-found]


def engine_bytes(objects: list[str], cpu: str = "cortex-m4") -> int:
    """Code and constants of the engine, before the linker drops anything."""
    lines = run([CPUS[cpu].prefix + "size", "-t", *objects]).splitlines()
    return int(lines[-1].split()[0])


def bench(models: Sequence[Path], cpu: str = "cortex-m4", optimise: str = "-O2") -> dict[str, Any]:
    """What each model takes on this CPU, operator by operator."""
    with tempfile.TemporaryDirectory(prefix="motet-bench-nn-") as folder:
        engine = Engine(cpu, Path(folder), optimise)
        found = engine.bench([Job(model.read_bytes(), profile=True) for model in models])
        size = engine_bytes(engine.objects, cpu)
    rows = [{"model": model.name, **one} for model, one in zip(models, found, strict=True)]
    return {"cpu": cpu, "note": CPUS[cpu].note, "optimise": optimise, "engine_bytes": size, "models": rows}


def text_bytes(operators: list[str] | None = None, without: Sequence[str] = (), cpu: str = "cortex-m4") -> int:
    """Code and constants that stay in a program with these operators (all: None), without groups of registry.c or TEXTS."""
    entries = ["nn_measure", "nn_load", "nn_attach", "nn_invoke", "nn_reset", "nn_input", "nn_output", "nn_inputs", "nn_outputs"]
    flags = [f"-DNN_WITHOUT_{group}" for group in without]
    if operators is not None:
        flags.append("-DNN_OPERATORS=" + ",".join(f"&nn_{name}" for name in operators))
    with tempfile.TemporaryDirectory(prefix="motet-bench-nn-") as folder:
        objects = compile_engine(CPUS[cpu], Path(folder), "-O2", flags)
        linked = str(Path(folder) / "engine.elf")
        keep = [f"--undefined={name}" for name in entries]
        run([CPUS[cpu].prefix + "ld", "-r", "--gc-sections", "-e", "nn_load", *keep, *objects, "-o", linked])
        return engine_bytes([linked], cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description="Instructions of TensorFlow Lite models on an emulated core, as JSON.")
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--cpu", choices=sorted(CPUS), default="cortex-m4")
    parser.add_argument("--optimise", default="2", choices=["1", "2", "3", "s"], help="of the compiler: 2 means -O2")
    options = parser.parse_args()
    need_tools([options.cpu])
    json.dump(bench(options.models, options.cpu, f"-O{options.optimise}"), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
