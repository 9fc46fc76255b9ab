# SPDX-License-Identifier: Apache-2.0
"""From sources to a core module, and whether the module that is there is still that of its sources."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from motet.components import staging, toolchains
from motet.components.compilers import Command, Job, commands, finish
from motet.components.errors import BuildError, ComponentError
from motet.components.manifest import Manifest, load
from motet.components.staging import Files

TIMEOUT_S = 300
compiler = toolchains.clang


@dataclass(frozen=True)
class Built:
    """The module of a folder; ``compiled`` is False when it was there already."""

    module: bytes
    path: Path
    compiled: bool


def build(folder: Path, force: bool = False) -> Built:
    """Writes module and bindings into a component's folder, when they are not there or of other sources.

    Raises ManifestError, WitError or BuildError: with the compiler's own words, or naming what cannot be written.
    """
    manifest = load(folder)
    path = folder / manifest.wasm
    files = _staged(folder, manifest)
    old = None if force or files is None else _held(path, folder, manifest, files)
    module = old or compile_module(folder, manifest, files)
    try:
        if files is not None:
            staging.write({name: data for name, data in files.items() if name.startswith(f"{staging.BINDINGS}/")}, folder)
        if old is None:
            _replace(path, module)
    except OSError as error:
        raise BuildError(f"{error.filename or path}: {error.strerror}") from None
    return Built(module, path, old is None)


def compile_module(folder: Path, manifest: Manifest, files: Files | None = None) -> bytes:
    """The module of a component that lists its sources. Raises BuildError with the compiler's own words."""
    if manifest.build is None:
        raise BuildError(f"{folder}: Component.toml has no [build] section")
    files = _staged(folder, manifest) if files is None else files
    assert files is not None
    with tempfile.TemporaryDirectory(prefix="motet-build-") as scratch:
        stage, output = Path(scratch) / "stage", Path(scratch) / manifest.wasm
        try:
            staging.write(files, stage)
        except OSError as error:
            raise BuildError(f"{error.filename}: {error.strerror}") from None
        job = Job(manifest.build, stage, folder.resolve(), output)
        for command in commands(job):
            _run(command, stage, folder)
        return staging.marked(finish(job, output.read_bytes()), staging.digest(files, manifest.build))


def module_bytes(folder: Path, manifest: Manifest) -> bytes:
    """The module of a component: the file beside the manifest when it is that of its sources, else compiled now."""
    module = folder / manifest.wasm
    if manifest.build is None and not module.is_file():
        raise BuildError(f"{folder}: neither {manifest.wasm} nor a [build] section in Component.toml")
    if manifest.build is None:
        return module.read_bytes()
    files = _staged(folder, manifest)
    return _held(module, folder, manifest, files) or compile_module(folder, manifest, files)


def _staged(folder: Path, manifest: Manifest) -> Files | None:
    return None if manifest.build is None else staging.stage(folder, manifest, manifest.build)


def _held(path: Path, folder: Path, manifest: Manifest, files: Files | None) -> bytes | None:
    """The module that is there, unless it is of other sources: by its mark, or without one by the age of the files."""
    if not path.is_file() or manifest.build is None or files is None:
        return None
    module = path.read_bytes()
    fresh = staging.is_of(module, staging.digest(files, manifest.build))
    if fresh is None:
        sources = [folder / source for source in manifest.build.sources]
        fresh = all(source.stat().st_mtime <= path.stat().st_mtime for source in sources)
    return module if fresh else None


def _replace(path: Path, module: bytes) -> None:
    """Never half a module, whatever ends this process."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(module)
            file.flush()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def _run(command: Command, stage: Path, folder: Path) -> None:
    options = {"capture_output": True, "text": True, "errors": "replace", "stdin": subprocess.DEVNULL, "timeout": TIMEOUT_S}
    try:
        done = subprocess.run(command.arguments, cwd=stage, env={**os.environ, **command.environment}, **options)  # type: ignore[call-overload]
    except subprocess.TimeoutExpired:
        raise BuildError(f"{folder}: the compiler did not end within {TIMEOUT_S} s") from None
    if done.returncode:
        words = (done.stderr or done.stdout).strip().replace(f"{stage}/", "")
        raise BuildError(f"{folder}: the compiler refuses it:\n{words[:4000]}")


def main(arguments: list[str] | None = None) -> int:
    """``python -m motet.components.build FOLDER [-o FILE]``: compiles without installing."""
    parser = argparse.ArgumentParser(prog="motet.components.build", description="Compile a component's module.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="where to write it (default: beside the manifest)")
    options = parser.parse_args(arguments)
    try:
        if options.output is None:
            built = build(options.folder)
            output, module = built.path, built.module
        else:
            output, module = options.output, module_bytes(options.folder, load(options.folder))
            output.write_bytes(module)
    except ComponentError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{output}: {len(module)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
