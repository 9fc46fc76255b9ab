# SPDX-License-Identifier: Apache-2.0
"""Builds the fuzz driver of the nn engine under ASan and UBSan and feeds it models."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "firmware/native"
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
COMPILERS = ["clang-14", "clang", "gcc"]
#: Seconds that one model may take; the slowest takes well under one.
PATIENCE_S = 60


class NoCompiler(Exception):
    """No compiler here links with the sanitizers."""


@dataclass
class Report:
    """How many models ended in which way; the models that ended the process, with what it said."""

    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: list[tuple[bytes, str]] = field(default_factory=list)


def build(folder: Path, libfuzzer: bool = False) -> Path:
    """The driver, or the same as a libFuzzer target (clang only)."""
    program = folder / "nn_fuzz"
    sources = [*sorted((NATIVE / "nn").glob("*.c")), NATIVE / "cancel.c", ROOT / "tests/native/nn_fuzz.c"]
    sanitizers = ["-fsanitize=fuzzer,address,undefined", *SANITIZERS[1:], "-DNN_LIBFUZZER"] if libfuzzer else SANITIZERS
    for compiler in filter(shutil.which, COMPILERS[:2] if libfuzzer else COMPILERS):
        command = [compiler, "-std=c11", "-O1", "-g", "-Wall", "-Wextra", *sanitizers, f"-I{NATIVE}", *map(str, sources)]
        if subprocess.run([*command, "-o", str(program)], capture_output=True).returncode == 0:
            return program
    raise NoCompiler(f"none of {', '.join(COMPILERS)} links with {' '.join(sanitizers)}")


def feed(program: Path, models: Iterable[bytes]) -> Report:
    """Tries all models, several in one process; a process that ends early is a crash of the model it was given."""
    report = Report()
    batch: list[bytes] = []
    for model in models:
        batch.append(model)
        if len(batch) == 256:
            _feed_batch(program, batch, report)
            batch = []
    _feed_batch(program, batch, report)
    return report


def _feed_batch(program: Path, batch: list[bytes], report: Report) -> None:
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    while batch:
        stream = b"".join(struct.pack("<I", len(model)) + model for model in batch)
        try:
            done = subprocess.run([str(program)], input=stream, capture_output=True, env=environment, timeout=PATIENCE_S)
            lines, said, failed = done.stdout.decode().splitlines(), done.stderr.decode(errors="replace"), done.returncode
        except subprocess.TimeoutExpired as expired:
            lines, said, failed = (expired.stdout or b"").decode().splitlines(), "does not end", 1
        report.outcomes.update(lines)
        if not failed and len(lines) == len(batch):
            return
        guilty = min(len(lines), len(batch) - 1)  # a leak is found only at the end: the last model stands for the batch
        report.crashes.append((batch[guilty], said))
        report.outcomes["crash"] += 1
        batch = batch[guilty + 1 :]
