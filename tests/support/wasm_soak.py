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
from tests.support.tooling import wasm_tools

from motet import sandbox
from motet.components import features, flatness, normalise, rewrite
from motet.components.errors import AdmissionError

DRIVER = ROOT / "tests/support/wasm_admitted.c"
REDIRECT = [f"-D{name}=motet_wasm_{name}" for name in ("calloc", "realloc", "free")]
BATCH = 100
_PAGES = 16
# What the profile leaves of WebAssembly, and enough functions to be worth the while.
_OFF = (
    "bulk-memory",
    "reference-types",
    "simd",
    "relaxed-simd",
    "multi-value",
    "tail-call",
    "extended-const",
    "exceptions",
    "gc",
)
_OFF += ("memory64", "threads", "wide-arithmetic", "custom-page-sizes")
_SIZES = {"min-funcs": 3, "max-funcs": 20, "max-instructions": 600, "max-imports": 4, "max-memories": 1, "max-tables": 1}
SMITH = [word for feature in _OFF for word in (f"--{feature}-enabled", "false")]
SMITH += [word for name, size in _SIZES.items() for word in (f"--{name}", str(size))]
SMITH += ["--export-everything", "true", "--allow-start-export", "false", "--max-memory32-bytes", str(_PAGES << 16)]
_TOOL_BOUNDS = sandbox.Bounds(seconds=10, memory=4 << 30)


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


def smith_module(chance: random.Random) -> bytes | None:
    """A valid module that wasm-tools grows from random bytes; None where it is not."""
    tool = wasm_tools()
    data = chance.randbytes(chance.choice((500, 3000, 10_000)))
    return None if tool is None else sandbox.run([tool, "smith", *SMITH], data, _TOOL_BOUNDS).output


def mutated(module: bytes, chance: random.Random) -> bytes:
    """The module with one to three bytes changed, or a part of it by wasm-tools, which knows what the parts are."""
    tool = wasm_tools()
    if tool is not None and chance.random() < 0.5:
        done = sandbox.run([tool, "mutate", "--seed", str(chance.getrandbits(32))], module, _TOOL_BOUNDS)
        if done.status == 0:
            return done.output
    changed = bytearray(module)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
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
    """``count`` modules: grown by binaryen, by wasm-tools, and damaged ones of either. What admission refuses is left out.

    Counted in ``outcomes``: where they come from, and the rules that refused.
    """
    chance = random.Random(seed)
    module = random_module(chance)
    for number in range(count):
        grown = smith_module(chance) if number % 3 == 1 else random_module(chance) if number % 3 == 0 else None
        source = "damaged" if number % 3 == 2 else "wasm-tools" if number % 3 == 1 and grown else "binaryen"
        module = mutated(module, chance) if source == "damaged" else grown or random_module(chance)
        outcomes[f"from {source}"] += 1
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
