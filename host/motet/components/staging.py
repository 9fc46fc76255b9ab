# SPDX-License-Identifier: Apache-2.0
"""What a module is made from: the author's files and the bindings of the contract, put together in a folder of their own.

Nothing is compiled in the author's folder, which may be read-only, and nothing there but the staged files can change the module:
their digest, which the module carries, says whether it is still that of its sources.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from motet import paths
from motet.components import wit
from motet.components.errors import BuildError
from motet.components.manifest import Manifest
from motet.components.manifest_build import Build
from motet.components.rewrite import custom
from motet.components.sdk import bindings
from motet.components.sdk.python_text import APP
from motet.components.wasi import groups

# Where bindings stand, beside the sources that use them.
BINDINGS = "bindings"
SUFFIXES = {"c": (".c", ".h"), "zig": (".zig",), "assemblyscript": (".ts",), "rust": (".rs",), "python": (".py",)}
_SKIPPED = {BINDINGS, "node_modules", "target", "zig-out", "build", "__pycache__", "tests"}
_MAX_FILES, _MAX_BYTES = 1000, 16 << 20
# A staged file that says that what is built may use WASI.
WITH_WASI = "wit/wasi"
# The custom section with the digest of what a module was made from.
SECTION = "motet:build"
# Changes with whatever else decides what becomes of equal sources.
_FORMAT = b"1"

Files = dict[str, bytes]


def stage(folder: Path, manifest: Manifest, build: Build) -> Files:
    """The files by their path in the stage. Raises BuildError or WitError."""
    language = build.language or "c"
    files = _sources(folder, SUFFIXES[language])
    missing = [source for source in build.sources if source not in files]
    if missing:
        raise BuildError(f"{folder}: build.sources: {missing[0]} is not there")
    if build.language is None:
        return files
    if not manifest.component.wit:
        raise BuildError(f"{folder}: build.language makes bindings of a contract: name one as component.wit")
    path = folder / manifest.component.wit
    try:
        contract = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from None
    world = wit.load(contract, manifest.component.wit, manifest.component.world)
    made = bindings.generate(language, world, build.arena)
    files |= {f"{BINDINGS}/{name}": text.encode() for name, text in made.items()}
    if language != "python":
        return files
    return files | _componentized(contract, world.name, build, groups.NAME in manifest.capabilities.wanted)


def digest(files: Files, build: Build) -> bytes:
    """SHA-256 over the staged files and the settings."""
    total = hashlib.sha256(_FORMAT + build.model_dump_json().encode())
    for name, content in sorted(files.items()):
        total.update(f"\n{name}\n{len(content)}\n".encode() + content)
    return total.digest()


def marked(module: bytes, made_from: bytes) -> bytes:
    """The module with the digest of what it was made from."""
    return module + custom(SECTION, made_from)


def is_of(module: bytes, made_from: bytes) -> bool | None:
    """Whether a module was made from these files; None when it does not say."""
    head = custom(SECTION, bytes(32))[:-32]
    return module.endswith(head + made_from) if module[-len(head) - 32 : -32] == head else None


def write(files: Files, folder: Path) -> None:
    """The staged files below ``folder``; a file that is so already is left alone. Raises OSError."""
    for name, content in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _componentized(contract: str, world: str, build: Build, wasi: bool) -> Files:
    """What componentize-py needs besides: an entry, and the contract with the packages that it may refer to."""
    module = build.sources[0].removesuffix(".py").replace("/", ".")
    files = {
        "motet_app.py": APP.format(module=module).encode(),
        "wit/contract.wit": contract.encode(),
        "wit/world": world.encode(),
        # Of no use to it, but what is built depends on it.
        **({WITH_WASI: b""} if wasi else {}),
    }
    for path in sorted(paths.data("wit").glob("*/*.wit")):
        files[f"wit/deps/motet-{path.parent.name}/{path.name}"] = path.read_bytes()
    return files


def _sources(folder: Path, suffixes: tuple[str, ...]) -> Files:
    found: Files = {}
    size = 0
    for path in walk(folder):
        if path.suffix in suffixes and path.is_file() and not path.is_symlink():
            size += path.stat().st_size
            if len(found) == _MAX_FILES or size > _MAX_BYTES:
                raise BuildError(f"{folder}: more than {_MAX_FILES} files or {_MAX_BYTES >> 20} MB of sources")
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def walk(folder: Path) -> Iterator[Path]:
    """The files of a component, in order; not those that tools made or that are tests."""
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        yield from (Path(top) / name for name in sorted(names))
