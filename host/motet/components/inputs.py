# SPDX-License-Identifier: Apache-2.0
"""What a package was made from: source files with digests, tools with versions, WIT packages."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from motet import __version__
from motet.components import compilers, staging
from motet.components import manifest as manifests
from motet.components.errors import BuildError
from motet.components.manifest import Manifest

_TOOL_S = 10
# WIT: the package of a file, and what it takes from others. `use types.{a}` names no package and is none.
_PACKAGE = re.compile(r"^\s*package\s+([a-z0-9:%@.+-]+)\s*;", re.MULTILINE)
_USED = re.compile(r"\b(?:use|import|export|include)\s+([a-z0-9-]+:[a-z0-9-]+)/[a-z0-9-]+(?:@([0-9][0-9A-Za-z.+-]*))?")
_PLACE = re.compile(r"(^|=)/(?:[^/=]*/)*")
_VERSION = re.compile(r"\d+(?:\.\d+)+\S*")


@dataclass(frozen=True)
class File:
    """A file by its path below the component's folder, with the hexadecimal SHA-256 of its content."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Named:
    """A tool or a WIT package with its version; empty when it does not say."""

    name: str
    version: str


@dataclass(frozen=True)
class Inputs:
    """`command`: the compiler's arguments, when a module was compiled here; without, somebody else made it."""

    sources: tuple[File, ...] = ()
    tools: tuple[Named, ...] = (Named("motet", __version__),)
    wit: tuple[Named, ...] = ()
    command: tuple[str, ...] = ()


def of_folder(folder: Path, manifest: Manifest) -> Inputs:
    """The inputs of a component's folder. Raises BuildError for a file that cannot be read."""
    names = [manifests.FILE_NAME, *([manifest.component.wit] if manifest.component.wit else [])]
    given = _read(folder, names)
    if manifest.build is None:
        return Inputs(_files(given), wit=_wit(folder, manifest))
    staged = staging.stage(folder, manifest, manifest.build)
    # Bindings are made of the contract, which is named itself.
    authored = {name: data for name, data in staged.items() if not name.startswith(f"{staging.BINDINGS}/")}
    commands = _commands(folder, manifest, staged)
    programs = sorted({program for command in commands for program in _programs(command)})
    tools = (Named("motet", __version__), *map(_tool, programs))
    line = [_PLACE.sub(r"\1", part) for part in _joined(commands)]
    return Inputs(_files(given | authored), tools, _wit(folder, manifest), tuple(line))


def _read(folder: Path, names: list[str]) -> dict[str, bytes]:
    try:
        return {name: (folder / name).read_bytes() for name in names}
    except OSError as error:
        raise BuildError(f"{error.filename}: {error.strerror}") from None


def _files(content: dict[str, bytes]) -> tuple[File, ...]:
    return tuple(File(name, hashlib.sha256(data).hexdigest()) for name, data in sorted(content.items()))


def _commands(folder: Path, manifest: Manifest, staged: staging.Files) -> list[list[str]]:
    assert manifest.build is not None
    with tempfile.TemporaryDirectory(prefix="motet-inputs-") as scratch:
        stage = Path(scratch)
        staging.write(staged, stage)
        job = compilers.Job(manifest.build, stage, folder.resolve(), stage / manifest.wasm)
        return [command.arguments for command in compilers.commands(job)]


def _joined(commands: list[list[str]]) -> list[str]:
    parts = [part for command in commands for part in (*command, "&&")]
    return parts[:-1]


def _programs(command: list[str]) -> list[tuple[str, ...]]:
    """What runs: the program, a script that it interprets, the linker it is told to use."""
    script = command[1:2] if command[1:2] and command[1].endswith(".js") else []
    linkers = [part.partition("=")[2] for part in command if part.startswith(("-fuse-ld=", "-Clinker=", "linker="))]
    return [(command[0], *script), *((linker,) for linker in linkers)]


def _tool(program: tuple[str, ...]) -> Named:
    name = Path(program[-1]).name
    ask = "version" if name == "zig" else "--version"
    try:
        done = subprocess.run([*program, ask], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_TOOL_S)
        found = _VERSION.search(done.stdout)
    except (OSError, subprocess.TimeoutExpired):
        found = None
    return Named(name, found[0] if found else "")


def _wit(folder: Path, manifest: Manifest) -> tuple[Named, ...]:
    if not manifest.component.wit:
        return ()
    text = (folder / manifest.component.wit).read_text("utf-8", errors="replace")
    own = [one.replace("%", "").partition("@")[::2] for one in _PACKAGE.findall(text)]
    return tuple(Named(*one) for one in sorted({*own, *_USED.findall(text)}))
