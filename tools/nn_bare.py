# SPDX-License-Identifier: Apache-2.0
"""The engine on emulated cores without an operating system: what tests/bench/nn_bare is compiled for, and how it is run.

Several models go into one program with their inputs. Instructions come from QEMU's virtual time under -icount shift=0: they are
instructions, not cycles, the same on each run.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "tests/bench/nn_bare"
NATIVE = ROOT / "firmware/native"
TIMEOUT_S = 600
#: Of all models and inputs of one program: what the smallest of the machines has room for.
MOST_BYTES = 3_800_000
STRICT = ["-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror"]
ARM_LIBC = "--specs=nano.specs"


@dataclass(frozen=True)
class Cpu:
    """A CPU to compile for and the emulated machine that runs the code. ``core`` is what QEMU emulates, ``note`` says where that
    is not the CPU itself; ``ticks_hz`` is the clock of the machine's counter."""

    core: str
    machine: tuple[str, ...]
    flags: tuple[str, ...]
    script: str
    ticks_hz: int
    note: str = ""
    prefix: str = "arm-none-eabi-"
    emulator: str = "qemu-system-arm"
    source: str = "cortex_m.c"
    libc: str = ARM_LIBC


def _thumb(*flags: str) -> tuple[str, ...]:
    return (*flags, "-mthumb")


_NRF51 = [part for name in ("flash", "sram") for part in ("-global", f"nrf51-soc.{name}-size={16 << 20}")]
CPUS = {
    "cortex-m0plus": Cpu(
        "cortex-m0", ("-M", "microbit", *_NRF51), _thumb("-mcpu=cortex-m0plus"), "microbit.ld", 16_000_000,
        "code for Cortex-M0+ on QEMU's Cortex-M0, which has the same instructions and traps others",
    ),
    "cortex-m3": Cpu("cortex-m3", ("-M", "mps2-an385"), _thumb("-mcpu=cortex-m3"), "mps2.ld", 25_000_000),
    "cortex-m4": Cpu(
        "cortex-m4", ("-M", "mps2-an386"), _thumb("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"), "mps2.ld",
        25_000_000,
    ),
    "cortex-m55": Cpu(
        "cortex-m55", ("-M", "mps3-an547"), _thumb("-mcpu=cortex-m55", "-mfloat-abi=hard"), "mps3.ld", 32_000_000,
    ),
    "rv32imac": Cpu(
        "rv32", ("-M", "virt", "-m", "128", "-bios", "none"), ("-march=rv32imac_zicsr", "-mabi=ilp32"), "virt.ld", 1_000_000_000,
        prefix="riscv64-unknown-elf-", emulator="qemu-system-riscv32", source="rv32.c", libc="--specs=picolibc.specs",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """A model; the bytes of all its inputs, for as many runs as they suffice, or nothing for the pattern; whether to count each
    operator."""

    model: bytes
    inputs: bytes = b""
    profile: bool = False


def run(command: Sequence[str], timeout: float = TIMEOUT_S) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def need_tools(names: Iterable[str] = ("cortex-m4",)) -> None:
    """Ends the program when a compiler or an emulator is missing."""
    missing = sorted(
        {tool for name in names for tool in (CPUS[name].prefix + "gcc", CPUS[name].emulator) if not shutil.which(tool)}
    )
    if missing:
        sys.exit(f"missing: {', '.join(missing)}; tools/setup.sh test installs them")


def hot_files() -> set[str]:
    line = (NATIVE / "nn/hot.mk").read_text().splitlines()[-1]
    return set(line.partition(":=")[2].split())


def compile_engine(cpu: Cpu, out: Path, optimise: str = "-O2", flags: Sequence[str] = ()) -> list[str]:
    """Object files of the engine. With -O2, only the files that are worth it get that, as in firmware builds."""
    objects, hot = [], hot_files()
    for source in [*sorted((NATIVE / "nn").glob("*.c")), NATIVE / "cancel.c"]:
        target = out / (source.stem + ".o")
        level = "-Os" if optimise == "-O2" and source.stem not in hot else optimise
        options = [*cpu.flags, *STRICT, *flags, cpu.libc, "-std=c11", level, f"-I{NATIVE}"]
        run([cpu.prefix + "gcc", *options, "-c", str(source), "-o", str(target)])
        objects.append(str(target))
    return objects


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def lay_out(jobs: Sequence[Job]) -> bytes:
    """What bench.c reads: see its struct."""
    parts = [struct.pack("<4I", len(jobs), 0, 0, 0)]
    for job in jobs:
        parts.append(struct.pack("<4I", len(job.model), len(job.inputs), job.profile, 0))
        parts += [_padded(job.model), _padded(job.inputs)]
    return b"".join(parts)


def link(cpu: Cpu, jobs: Sequence[Job], objects: list[str], out: Path) -> Path:
    program, models = out / "bench.elf", out / "models.bin"
    models.write_bytes(lay_out(jobs))
    sources = [str(BENCH / name) for name in ("models.S", "bench.c", "print.c", cpu.source)]
    compiling = [*cpu.flags, *STRICT, cpu.libc, "-std=gnu11", "-O2", f"-I{NATIVE}", f'-DMODELS="{models}"']
    compiling.append(f"-DTICKS_HZ={cpu.ticks_hz}ull")
    made = []
    for source in sources:
        made.append(str(out / (Path(source).stem + ".bench.o")))
        run([cpu.prefix + "gcc", *compiling, "-c", source, "-o", made[-1]])
    # GCC 12 has no library for rv32imac_zicsr and would silently take another.
    flags = [flag.removesuffix("_zicsr") for flag in cpu.flags]
    linking = ["-nostartfiles", cpu.libc, f"-L{BENCH}", "-T", str(BENCH / cpu.script), "-Wl,--gc-sections"]
    run([cpu.prefix + "gcc", *flags, *made, *objects, *linking, "-o", str(program)])
    return program


def measure(cpu: Cpu, program: Path) -> list[dict[str, Any]]:
    """Runs the program; its lines are "name value", and "operator KIND value" for each operator, after "model INDEX"."""
    command = [cpu.emulator, *cpu.machine, "-nographic", "-icount", "shift=0"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(program)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S)
    found: list[dict[str, Any]] = []
    for line in (done.stdout + done.stderr).splitlines():
        name, _, value = line.partition(" ")
        if name == "model":
            found.append({})
        elif found and name == "operator":
            kind, _, cost = value.partition(" ")
            found[-1].setdefault("operators", []).append([kind, int(cost)])
        elif found:
            found[-1][name] = int(value) if value.isdigit() else value
    for one in found:
        if "output_fnv1a" in one:
            one["output_fnv1a"] = f"{one['output_fnv1a']:08x}"
    return found


def _batches(jobs: Sequence[Job]) -> list[list[Job]]:
    batches: list[list[Job]] = [[]]
    room = MOST_BYTES
    for job in jobs:
        size = 48 + len(job.model) + len(job.inputs)
        if size > room and batches[-1]:
            batches.append([])
            room = MOST_BYTES
        batches[-1].append(job)
        room -= size
    return batches


class Engine:
    """The engine compiled for one CPU, in a folder that outlives it."""

    def __init__(self, name: str, folder: Path, optimise: str = "-O2", flags: Sequence[str] = ()) -> None:
        self.name, self.cpu, self.folder = name, CPUS[name], folder
        self.objects = compile_engine(self.cpu, folder, optimise, flags)

    def bench(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        """What each job gives: instructions, bytes, output_fnv1a; or "error" and a reason."""
        programs = (link(self.cpu, batch, self.objects, self.folder) for batch in _batches(jobs))
        return [one for program in programs for one in measure(self.cpu, program)]


def bench(jobs: Sequence[Job], name: str = "cortex-m4", optimise: str = "-O2", flags: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The same with an engine compiled for this once."""
    with tempfile.TemporaryDirectory(prefix="motet-nn-bare-") as folder:
        return Engine(name, Path(folder), optimise, flags).bench(jobs)
