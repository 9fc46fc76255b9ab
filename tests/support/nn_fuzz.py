# SPDX-License-Identifier: Apache-2.0
"""Builds the fuzz driver of the nn engine under ASan and UBSan and feeds it models."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from motet.emulate.process import dying_with_parent

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "firmware/native"
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
COMPILERS = ["clang-14", "clang", "gcc"]
#: Seconds that one batch may take; the slowest takes a few.
PATIENCE_S = 60
#: Seconds that libFuzzer allows one model, and the longest model that it makes.
LIBFUZZER_PATIENCE_S = 10
LIBFUZZER_BYTES = 16384
NO_LIBFUZZER = "clang has no libFuzzer here: tools/setup.sh test installs its run-time library (Debian: libclang-rt-14-dev)"


class NoCompiler(Exception):
    """No compiler here links with the sanitizers."""


@dataclass
class Report:
    """How many models ended in which way; the models that ended the process, with what it said."""

    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: list[tuple[bytes, str]] = field(default_factory=list)


@dataclass
class Fuzzed:
    """What libFuzzer says of its work; the models that ended it, with its words."""

    executions: int
    coverage: int
    features: int
    corpus: int
    findings: list[bytes]
    said: str


def build(folder: Path, libfuzzer: bool = False) -> Path:
    """The driver, or the same as a libFuzzer target (clang only)."""
    program = folder / "nn_fuzz"
    sources = [*sorted((NATIVE / "nn").glob("*.c")), NATIVE / "cancel.c", ROOT / "tests/native/nn_fuzz.c"]
    sanitizers = ["-fsanitize=fuzzer,address,undefined", *SANITIZERS[1:], "-DNN_LIBFUZZER"] if libfuzzer else SANITIZERS
    for compiler in filter(shutil.which, COMPILERS[:2] if libfuzzer else COMPILERS):
        command = [compiler, "-std=c11", "-O1", "-g", "-Wall", "-Wextra", *sanitizers, f"-I{NATIVE}", *map(str, sources)]
        if subprocess.run([*command, "-o", str(program)], capture_output=True).returncode == 0:
            return program
    raise NoCompiler(NO_LIBFUZZER if libfuzzer else f"none of {', '.join(COMPILERS)} links with {' '.join(sanitizers)}")


def fuzz(program: Path, originals: Iterable[bytes], folder: Path, bound: str, seed: int, timeout: float) -> Fuzzed:
    """libFuzzer from these models on; `bound` is its option that ends it, such as -runs=10000. `folder` takes what it finds."""
    corpus, found = folder / "corpus", folder / "found"
    for each in (corpus, found):
        each.mkdir(parents=True, exist_ok=True)
    for index, model in enumerate(originals):
        (corpus / f"original{index}").write_bytes(model)
    options = [f"-seed={seed}", f"-max_len={LIBFUZZER_BYTES}", f"-timeout={LIBFUZZER_PATIENCE_S}", "-rss_limit_mb=2048"]
    command = [str(program), bound, *options, f"-artifact_prefix={found}/", "-print_final_stats=1", str(corpus)]
    done = subprocess.run(dying_with_parent(command), capture_output=True, text=True, errors="replace", timeout=timeout)
    findings = [path.read_bytes() for path in sorted(found.iterdir())]
    if done.returncode and not findings:
        findings = [b""]  # it ended with an error that belongs to no model, such as a leak
    last = (re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)/", done.stderr) or [("0", "0", "0")])[-1]
    executions = re.findall(r"number_of_executed_units: (\d+)", done.stderr) or ["0"]
    coverage, features, size = map(int, last)
    return Fuzzed(int(executions[-1]), coverage, features, size, findings, done.stderr[-4000:])


def feed(program: Path, models: Iterable[bytes], patience: float = PATIENCE_S) -> Report:
    """Tries all models, several in one process; a process that ends early is a crash of the model it was given."""
    report = Report()
    batch: list[bytes] = []
    for model in models:
        batch.append(model)
        if len(batch) == 256:
            _feed_batch(program, batch, report, patience)
            batch = []
    _feed_batch(program, batch, report, patience)
    return report


def _feed_batch(program: Path, batch: list[bytes], report: Report, patience: float) -> None:
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    while batch:
        stream = b"".join(struct.pack("<I", len(model)) + model for model in batch)
        try:
            done = subprocess.run([str(program)], input=stream, capture_output=True, env=environment, timeout=patience)
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
