# SPDX-License-Identifier: Apache-2.0
"""Random and mutated modules as admission leaves them, and the device engine under AddressSanitizer to run them."""

from __future__ import annotations

import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.native import NATIVE, ROOT, WASM3, wasm3_macros

from motet import sandbox
from motet.components import features, flatness, normalise, rewrite
from motet.components.errors import AdmissionError

DRIVER = ROOT / "tests/support/wasm_admitted.c"
REDIRECT = [f"-D{name}=motet_wasm_{name}" for name in ("calloc", "realloc", "free")]
BATCH = 100
_PAGES = 16


def build(folder: Path, compiler: str = "gcc") -> Path:
    """The driver over the engine, with AddressSanitizer. Raises CalledProcessError."""
    common = [compiler, "-std=gnu11", "-O1", "-g", "-fno-strict-aliasing", "-fsanitize=address", *wasm3_macros()]
    includes = [f"-I{NATIVE}", "-isystem", str(WASM3)]
    ours = [*sorted((NATIVE / "wasm").glob("*.c")), NATIVE / "cancel.c", DRIVER]
    objects = []
    for source in [*sorted(WASM3.glob("*.c")), *ours]:
        flags = REDIRECT if source.parent == WASM3 else includes
        objects.append(str(folder / f"{source.stem}.o"))
        subprocess.run([*common, "-w", *flags, "-c", str(source), "-o", objects[-1]], check=True)
    program = folder / "wasm_admitted"
    subprocess.run([compiler, "-fsanitize=address", *objects, "-lm", "-o", str(program)], check=True)
    return program


def random_module(chance: random.Random) -> bytes:
    """A valid module that binaryen grows from random bytes."""
    data = chance.randbytes(chance.choice((200, 800, 2000, 6000)))
    return sandbox.run([normalise.tool(), *normalise.FEATURES, "-ttf", "-", "-o", "-"], data, normalise.BOUNDS).output


def mutated(module: bytes, chance: random.Random) -> bytes:
    """The module with one to three bytes changed."""
    changed = bytearray(module)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(8, len(changed))] = chance.randrange(256)
    return bytes(changed)


def harmless(module: bytes) -> bytes:
    """What admission makes of a module, all exports kept, without the caps. Raises AdmissionError."""
    for step in ("author's", "normalised"):
        features.check_format(module)
        features.check_valid(module)
        decoded = features.decode_profile(module)
        module = rewrite.trim(decoded, {item.name for item in decoded.exports}, _PAGES)
        if step == "author's":
            module, _ = normalise.normalise(module)
    flatness.check_flat(features.decode_profile(module))
    features.check_valid(module)
    return module


def modules(count: int, seed: int, outcomes: Counter[str]) -> Iterator[bytes]:
    """``count`` modules, half random and half mutated, those admission refuses left out and counted by rule."""
    chance = random.Random(seed)
    module = random_module(chance)
    for number in range(count):
        module = mutated(module, chance) if number % 2 else random_module(chance)
        try:
            yield harmless(module)
            outcomes["admitted"] += 1
        except AdmissionError as error:
            outcomes[error.rule] += 1


def feed(program: Path, batch: list[bytes], folder: Path) -> tuple[bytes, str] | None:
    """None when the engine survived the batch, else the module it died of and what the sanitizer said."""
    paths = [folder / f"{number}.wasm" for number in range(len(batch))]
    for path, module in zip(paths, batch, strict=True):
        path.write_bytes(module)
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1"}
    done = subprocess.run([str(program), *map(str, paths)], capture_output=True, text=True, env=environment)
    if done.returncode == 0:
        return None
    return Path(done.stdout.splitlines()[-1]).read_bytes(), done.stderr[-3000:]
