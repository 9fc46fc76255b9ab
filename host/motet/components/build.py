# SPDX-License-Identifier: Apache-2.0
"""From C sources to a core module, with the clang and wasm-ld of the distribution. No libc, MVP instructions only."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from motet.components.errors import BuildError, ComponentError
from motet.components.manifest import Build, Manifest, load

# Newest first; clang and wasm-ld must be of one release, because the object format between them is not stable.
RELEASES = range(22, 13, -1)
TIMEOUT_S = 120
MISSING = "no clang with wasm-ld found: install them with `sudo apt-get install clang-14 lld-14` (14 or newer)"

COMPILE = ["--target=wasm32-unknown-unknown", "-mcpu=mvp", "-std=c11", "-ffreestanding", "-nostdlib", "-Os"]
WARN = ["-Wall", "-Wextra", "-Werror"]
# The stack comes first, so that an overflow leaves linear memory and traps instead of eating the data.
LINK = "-Wl,--no-entry,--stack-first,--strip-all,-z,stack-size={stack}"


def compiler() -> tuple[str, str]:
    """Paths of a matching clang and wasm-ld. Raises BuildError naming the packages."""
    for suffix in [*(f"-{release}" for release in RELEASES), ""]:
        clang, linker = shutil.which("clang" + suffix), shutil.which("wasm-ld" + suffix)
        if clang and linker:
            return clang, linker
    raise BuildError(MISSING)


def command(build: Build, output: Path) -> list[str]:
    """The compiler's command line, relative to the component's folder."""
    clang, linker = compiler()
    link = [f"-fuse-ld={linker}", LINK.format(stack=build.c_stack)]
    return [clang, *COMPILE, *WARN, *link, *build.sources, "-o", str(output)]


def compile_module(folder: Path, manifest: Manifest) -> bytes:
    """The module of a component that lists its sources. Raises BuildError with the compiler's own words."""
    if manifest.build is None:
        raise BuildError(f"{folder}: Component.toml has no [build] section")
    missing = [source for source in manifest.build.sources if not (folder / source).is_file()]
    if missing:
        raise BuildError(f"{folder}: build.sources: {missing[0]} is not there")
    with tempfile.TemporaryDirectory(prefix="motet-build-") as scratch:
        output = Path(scratch) / manifest.wasm
        _run(command(manifest.build, output), folder)
        return output.read_bytes()


def _run(arguments: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise BuildError(f"{folder}: the compiler did not end within {TIMEOUT_S} s") from None
    if done.returncode:
        raise BuildError(f"{folder}: the compiler refuses it:\n{(done.stderr or done.stdout).strip()[:4000]}")


def module_bytes(folder: Path, manifest: Manifest) -> bytes:
    """The module of a component: the file beside the manifest when it is newer than the sources, else compiled now."""
    module = folder / manifest.wasm
    if manifest.build is None and not module.is_file():
        raise BuildError(f"{folder}: neither {manifest.wasm} nor a [build] section in Component.toml")
    return module.read_bytes() if _fresh(module, folder, manifest) else compile_module(folder, manifest)


def _fresh(module: Path, folder: Path, manifest: Manifest) -> bool:
    if not module.is_file():
        return False
    sources = [folder / source for source in (manifest.build.sources if manifest.build else [])]
    return all(source.is_file() and source.stat().st_mtime <= module.stat().st_mtime for source in sources)


def main(arguments: list[str] | None = None) -> int:
    """``python -m motet.components.build FOLDER [-o FILE]``: compiles without installing."""
    parser = argparse.ArgumentParser(prog="motet.components.build", description="Compile a component's module.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="where to write it (default: beside the manifest)")
    options = parser.parse_args(arguments)
    try:
        manifest = load(options.folder)
        module = compile_module(options.folder, manifest)
    except ComponentError as error:
        print(error, file=sys.stderr)
        return 1
    output = options.output or options.folder / manifest.wasm
    output.write_bytes(module)
    print(f"{output}: {len(module)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
