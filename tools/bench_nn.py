#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions that models take on an emulated Cortex-M, and the bytes of the engine; prints JSON.

    tools/bench_nn.py [--cpu cortex-m4] [--optimise 2] MODEL.tflite ...

Needs arm-none-eabi-gcc with newlib and qemu-system-arm. Counts come from QEMU's virtual time under -icount shift=0: they
are instructions, not cycles, the same on each run, in units of 40. The input is a fixed pseudo-random byte sequence.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "tests/bench/nn_cortex_m"
NATIVE = ROOT / "firmware/native"
CPUS = {
    "cortex-m4": ("mps2-an386", ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]),
    "cortex-m3": ("mps2-an385", ["-mcpu=cortex-m3", "-mthumb"]),
}
TIMEOUT_S = 600


def run(command: list[str], timeout: float = TIMEOUT_S) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def hot_files() -> set[str]:
    line = (NATIVE / "nn/hot.mk").read_text().splitlines()[-1]
    return set(line.partition(":=")[2].split())


def compile_engine(flags: list[str], optimise: str, out: Path) -> list[str]:
    """Object files of the engine. With -O2, only the files that are worth it get that, as in firmware builds."""
    objects, hot = [], hot_files()
    for source in [*sorted((NATIVE / "nn").glob("*.c")), NATIVE / "cancel.c"]:
        target = out / (source.stem + ".o")
        level = "-Os" if optimise == "-O2" and source.stem not in hot else optimise
        run(["arm-none-eabi-gcc", *flags, "-std=c11", level, f"-I{NATIVE}", "-c", str(source), "-o", str(target)])
        objects.append(str(target))
    return objects


def engine_bytes(objects: list[str]) -> int:
    """Code and constants of the engine, before the linker drops anything."""
    lines = run(["arm-none-eabi-size", "-t", *objects]).splitlines()
    return int(lines[-1].split()[0])


def link(model: Path, flags: list[str], objects: list[str], out: Path) -> Path:
    program = out / "bench.elf"
    sources = [str(BENCH / name) for name in ("model.S", "board.c", "bench.c")]
    compiling = ["-std=gnu11", "-O2", f"-I{NATIVE}", f'-DMODEL="{model.resolve()}"']
    linking = ["-nostartfiles", "--specs=nano.specs", "-T", str(BENCH / "link.ld"), "-Wl,--gc-sections"]
    run(["arm-none-eabi-gcc", *flags, *compiling, *sources, *objects, *linking, "-o", str(program)])
    return program


def measure(program: Path, machine: str) -> dict[str, object]:
    """Runs the program; its lines are "name value", and "operator KIND value" for each operator."""
    command = ["qemu-system-arm", "-M", machine, "-nographic", "-icount", "shift=0"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(program)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S)
    found: dict[str, object] = {"operators": (operators := [])}
    for line in (done.stdout + done.stderr).splitlines():
        name, _, value = line.partition(" ")
        if name == "operator":
            kind, _, cost = value.partition(" ")
            operators.append([kind, int(cost)])
            continue
        found[name] = int(value) if value.isdigit() else value
    if "output_fnv1a" in found:
        found["output_fnv1a"] = f"{found['output_fnv1a']:08x}"
    return found


def bench(models: list[Path], cpu: str = "cortex-m4", optimise: str = "-O2") -> dict[str, object]:
    machine, flags = CPUS[cpu]
    flags = [*flags, "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror"]
    with tempfile.TemporaryDirectory(prefix="motet-bench-nn-") as folder:
        out = Path(folder)
        objects = compile_engine(flags, optimise, out)
        results = [{"model": model.name, **measure(link(model, flags, objects, out), machine)} for model in models]
        return {"cpu": cpu, "optimise": optimise, "engine_bytes": engine_bytes(objects), "models": results}


def text_bytes(operators: list[str] | None = None, without: Sequence[str] = (), cpu: str = "cortex-m4") -> int:
    """Code and constants that stay in a program with these operators (all: None), without groups of registry.c."""
    entries = ["nn_measure", "nn_load", "nn_attach", "nn_invoke", "nn_reset", "nn_input", "nn_output", "nn_inputs", "nn_outputs"]
    flags = [*CPUS[cpu][1], "-ffunction-sections", "-fdata-sections", *(f"-DNN_WITHOUT_{group}" for group in without)]
    if operators is not None:
        flags.append("-DNN_OPERATORS=" + ",".join(f"&nn_{name}" for name in operators))
    with tempfile.TemporaryDirectory(prefix="motet-bench-nn-") as folder:
        objects, linked = compile_engine(flags, "-O2", Path(folder)), str(Path(folder) / "engine.elf")
        keep = [f"--undefined={name}" for name in entries]
        run(["arm-none-eabi-ld", "-r", "--gc-sections", "-e", "nn_load", *keep, *objects, "-o", linked])
        return engine_bytes([linked])


def need_tools() -> None:
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm")


def main() -> None:
    parser = argparse.ArgumentParser(description="Instructions of TensorFlow Lite models on an emulated Cortex-M, as JSON.")
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--cpu", choices=sorted(CPUS), default="cortex-m4")
    parser.add_argument("--optimise", default="2", choices=["1", "2", "3", "s"], help="of the compiler: 2 means -O2")
    options = parser.parse_args()
    need_tools()
    json.dump(bench(options.models, options.cpu, f"-O{options.optimise}"), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
