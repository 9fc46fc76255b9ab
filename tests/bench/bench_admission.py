#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time of admission: the example component and one of about 5 KB, best and median of several runs. Prints one JSON object.

build_ms: clang and wasm-ld. admit_ms: module in, device artifact out, with the smoke run in a child of a process that is ready,
as in a gateway that has admitted something before. first_ms: the first one, which starts that process.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from wasmtime import wat2wasm

from motet import paths
from motet.components.admission import admit
from motet.components.build import compile_module
from motet.components.manifest import Manifest, load, parse
from motet.components.packages import read

RUNS = 9
LARGE = '[component]\nname = "large"\nrevision = 1\ndescription = "d"\n' + "".join(
    f'[[tool]]\nname = "t{n}"\ndescription = "d"\nparams = [{{ name = "a", type = "u32" }}]\nresult = {{ type = "u32" }}\n'
    for n in range(8)
)


def large_module() -> bytes:
    """Eight exports of some hundred bytes of straight and branching arithmetic each."""
    step = "(local.set 0 (if (result i32) (i32.and (local.get 0) (i32.const {k})) (then (i32.mul (local.get 0) (i32.const {k}))) "
    step += "(else (i32.load (i32.and (local.get 0) (i32.const 1020))))))"
    bodies = [" ".join(step.format(k=3 + 2 * k + n) for k in range(26)) for n in range(8)]
    functions = "".join(f'(func (export "t{n}") (param i32) (result i32) {b} (local.get 0))' for n, b in enumerate(bodies))
    return bytes(wat2wasm(f"(module (memory 1) {functions})"))


def milliseconds(work: Callable[[], object]) -> dict[str, float]:
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1e3)
    return {"best": round(min(taken), 1), "median": round(statistics.median(taken), 1)}


def figures(module: bytes, manifest: Manifest) -> dict[str, object]:
    start = time.perf_counter()
    admitted = admit(module, manifest)
    first = round((time.perf_counter() - start) * 1e3, 1)
    sizes = {"module_bytes": len(module), "normalised_bytes": len(admitted.module), "artifact_bytes": len(admitted.artifact)}
    return {**sizes, "first_ms": first, "admit_ms": milliseconds(lambda: admit(module, manifest))}


def main() -> None:
    folder = paths.data("examples") / "vote"
    vote = load(folder)
    build = {"build_ms": milliseconds(lambda: compile_module(folder, vote))}
    result = {"vote": {**build, **figures(read(folder).content, vote)}, "large": figures(large_module(), parse(LARGE))}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
