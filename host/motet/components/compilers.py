# SPDX-License-Identifier: Apache-2.0
"""The command lines that make a module of staged sources: WebAssembly 1.0 without a C library, in every language."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from motet.components import toolchains, wasmfile
from motet.components.manifest_build import Build
from motet.components.rewrite import renamed
from motet.components.staging import WITH_WASI

_C = ["--target=wasm32-unknown-unknown", "-mcpu=mvp", "-std=c11", "-ffreestanding", "-nostdlib", "-Os"]
_WARN = ["-Wall", "-Wextra", "-Werror"]
# The stack comes first, so that an overflow leaves linear memory and traps instead of eating the data.
_LINK = "-Wl,--no-entry,--stack-first,--strip-all,-z,stack-size={stack}"


@dataclass(frozen=True)
class Job:
    """``stage`` holds the sources, where the commands run; ``folder`` is the author's, ``output`` the module to make."""

    build: Build
    stage: Path
    folder: Path
    output: Path


@dataclass(frozen=True)
class Command:
    """One program to run."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def commands(job: Job) -> list[Command]:
    """What to run, one after the other. Raises BuildError when a compiler is missing."""
    makers: dict[str | None, Callable[[Job], list[Command]]] = {
        None: _plain_c,
        "c": _c,
        "zig": _zig,
        "rust": _rust,
        "assemblyscript": _assemblyscript,
        "python": _python,
    }
    return makers[job.build.language](job)


def _plain_c(job: Job) -> list[Command]:
    clang, linker = toolchains.clang()
    link = [f"-fuse-ld={linker}", _LINK.format(stack=job.build.c_stack)]
    return [Command([clang, *_C, *_WARN, *link, *job.build.sources, "-o", str(job.output)])]


def _c(job: Job) -> list[Command]:
    clang, linker = toolchains.clang()
    link = [f"-fuse-ld={linker}", _LINK.format(stack=job.build.c_stack)]
    glue = sorted(path.relative_to(job.stage).as_posix() for path in job.stage.glob("bindings/*.c"))
    # The compiler calls these by itself while it links, when it is too late to take them in as bit code.
    memory = [path for path in glue if path.endswith("/memory.c")]
    whole = ["-flto", "-I.", *link, *job.build.sources, *(path for path in glue if path not in memory)]
    return [
        Command([clang, *_C, *_WARN, "-fno-builtin", "-c", *memory, "-o", "memory.o"]),
        Command([clang, *_C, *_WARN, *whole, "memory.o", "-o", str(job.output)]),
    ]


def _zig(job: Job) -> list[Command]:
    # The root is where relative imports may lead; it names what the glue exports.
    (job.stage / "motet_root.zig").write_text(
        f"pub const guest = @import({_quoted(job.build.sources[0])});\n"
        'comptime {\n    _ = @import("bindings/exports.zig");\n}\n'
    )
    target = ["-target", "wasm32-freestanding", "-mcpu=mvp", "-O", "ReleaseSmall", "-fno-entry", "-rdynamic", "-fstrip"]
    output = ["--stack", str(job.build.c_stack), "motet_root.zig", f"-femit-bin={job.output}"]
    caches = {"ZIG_GLOBAL_CACHE_DIR": _cache(job, "zig"), "ZIG_LOCAL_CACHE_DIR": str(job.stage / ".zig-cache")}
    return [Command([toolchains.zig(), "build-exe", *target, *output], caches)]


def _rust(job: Job) -> list[Command]:
    rustc, linker = toolchains.rustc()
    modules = f'#[path = "bindings/mod.rs"]\nmod bindings;\n#[path = {_quoted(job.build.sources[0])}]\nmod guest;\n'
    (job.stage / "motet_root.rs").write_text(f"#![no_std]\n{modules}")
    options = ["opt-level=z", "lto", "panic=abort", "target-cpu=mvp", "codegen-units=1", "strip=symbols", f"linker={linker}"]
    options += [
        f"link-arg={argument}" for argument in ("--no-entry", "--stack-first", "--strip-all", f"-zstack-size={job.build.c_stack}")
    ]
    target = ["--edition", "2021", "--crate-type", "cdylib", "--target", "wasm32-unknown-unknown"]
    return [Command([rustc, *target, *(f"-C{option}" for option in options), "motet_root.rs", "-o", str(job.output)])]


def _assemblyscript(job: Job) -> list[Command]:
    glue = job.stage / "bindings/exports.ts"
    glue.write_text(glue.read_text().replace('"../GUEST"', _quoted("../" + job.build.sources[0].removesuffix(".ts"))))
    # Traps are all that is left of messages; low addresses are as good as others, but for the first.
    options = ["--runtime", "stub", "-Oz", "--noAssert", "--disable", "bulk-memory", "--use", "abort=", "--memoryBase", "16"]
    return [Command([*toolchains.asc(job.folder), "bindings/exports.ts", *options, "-o", str(job.output)])]


def _python(job: Job) -> list[Command]:
    # A whole interpreter: for gateways. Without WASI, unless it is wanted, nothing is there but what the contract imports.
    world, with_wasi = (job.stage / "wit/world").read_text(), job.stage / WITH_WASI
    stub = [] if with_wasi.is_file() else ["--stub-wasi"]
    (job.stage / "wit/world").unlink()
    with_wasi.unlink(missing_ok=True)
    contract, quiet = ["-d", "wit", "-w", world], {"RUST_BACKTRACE": "0", "RUST_LIB_BACKTRACE": "0"}
    return [Command([toolchains.componentize(), *contract, "componentize", *stub, "motet_app", "-o", str(job.output)], quiet)]


def _quoted(path: str) -> str:
    """A path as a string literal of Zig, Rust and TypeScript alike."""
    return json.dumps(path, ensure_ascii=False)


def finish(job: Job, module: bytes) -> bytes:
    """The module as it must be: AssemblyScript cannot call exports what the ABI does."""
    names = job.stage / "bindings/exports.txt"
    if job.build.language != "assemblyscript":
        return module
    return renamed(wasmfile.decode(module), dict(line.split(" ", 1) for line in names.read_text().splitlines()))


def _cache(job: Job, name: str) -> str:
    """A folder that a compiler may keep things in; where none can be made, one that goes with the stage."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(root, "motet", name)
    try:
        os.makedirs(path, exist_ok=True)
    except OSError:
        return str(job.stage / f".{name}")
    return path if os.access(path, os.W_OK) else str(job.stage / f".{name}")
