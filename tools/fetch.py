#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fetch the third-party sources Motet is built from, each checked against a pinned SHA-256.

``third_party/wasm3``        C sources from the pywasm3 sdist (PyPI), with the fuel hook applied
``third_party/monocypher``   C sources from the pymonocypher sdist (PyPI)
``third_party/micropython``  Debian's micropython source package
``third_party/micropython/lib/mbedtls``  Debian's mbedtls source package, for TLS in the edge node
``third_party/pico-sdk``, ``third_party/tinyusb``  Debian packages, for boards of the rp2 port
``third_party/rp2040js``     npm package, for emulating the RP2040
``third_party/assemblyscript``  npm package, for components in AssemblyScript
``third_party/wasm-tools``   Debian package with the C library it needs, for tests with random modules and contracts
``third_party/conformance``  npm packages: the MCP conformance suite, and the MCP inspector

Without names, the first three. Nothing is downloaded twice: a finished tree carries a stamp with the digest it was made from.
Only the standard library is used, because this runs before the virtual environment exists.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from fetch_base import THIRD_PARTY, FetchError, cached, edit, run, say, stamped, unpack
from fetch_debian import first_source
from fetch_mbedtls import fetch_mbedtls
from fetch_npm import fetch_assemblyscript, fetch_conformance, fetch_rp2040js
from fetch_rp2 import fetch_pico_sdk, fetch_tinyusb
from fetch_wasm_tools import fetch_wasm_tools

WASM3_SDIST = "pywasm3-0.5.0.tar.gz"
WASM3_SHA256 = "5a47c8a39f7f6ae71b3316b2e5d86c9d0db6e771a65f09a86e4d4aa3a19aefcc"

MONOCYPHER_SDIST = "pymonocypher-4.0.3.4.tar.gz"
MONOCYPHER_SHA256 = "5e56e3d3eb770a53e0b9f6274146663c11a11f3d0de5cd48e3be0428d1b07a4a"

# What stock 0.5.0 leaves open: (file, what stands there, what takes its place).
WASM3_EDITS = [
    (  # m3_Yield is asked on calls only: `loop br 0` would never end
        "m3_exec.h",
        '    do\n    {\n#if d_m3EnableStrace >= 3\n        d_m3TracePrint("iter {");\n',
        '    do\n    {\n        if ((r = m3_Yield ())) break;\n#if d_m3EnableStrace >= 3\n        d_m3TracePrint("iter {");\n',
    ),
    (  # the sum wraps: growing by almost 2^32 pages would shrink the memory
        "m3_exec.h",
        "        u32 requiredPages = memory->numPages + numPagesToGrow;\n\n"
        "        M3Result r = ResizeMemory (runtime, requiredPages);\n",
        "        M3Result r = numPagesToGrow > d_m3MaxLinearMemoryPages ? m3Err_wasmMemoryOverflow\n"
        "                   : ResizeMemory (runtime, memory->numPages + numPagesToGrow);\n",
    ),
    (  # the compiler recurses once per nested block without looking at the C stack
        "m3_compile.c",
        "M3Result  CompileBlock  (IM3Compilation o,",
        "extern M3Result motet_wasm_may_nest (void);\n\nM3Result  CompileBlock  (IM3Compilation o,",
    ),
    (
        "m3_compile.c",
        "_try {\n    // validate and dealloc params",
        "_try {\n_   (motet_wasm_may_nest ());\n    // validate and dealloc params",
    ),
    (  # the length of a branch table is taken on trust
        "m3_compile.c",
        "_   (ReadLEB_u32 (& targetCount, & o->wasm, o->wasmEnd));\n",
        "_   (ReadLEB_u32 (& targetCount, & o->wasm, o->wasmEnd));\n"
        "    _throwif (m3Err_wasmMalformed, targetCount > (size_t) (o->wasmEnd - o->wasm));\n",
    ),
    (  # the arguments that a function passes on are not counted as its stack: near the end they would be written beyond
        "m3_compile.c",
        "    u16 argTop = topSlot + (numArgs + numRets) * c_ioSlotCount;\n",
        "    u16 argTop = topSlot + (numArgs + numRets) * c_ioSlotCount;\n    TouchSlot (o, argTop - 1);\n",
    ),
    (  # a block's parameter that is not on the stack has no slot, and is marked all the same, far outside
        "m3_compile.c",
        "        u16 slot = GetSlotForStackIndex (o, paramIndex + i);\n        Push (o, type, slot);\n",
        "        u16 slot = GetSlotForStackIndex (o, paramIndex + i);\n"
        "        _throwif (m3Err_wasmMalformed, slot + GetTypeNumSlots (type) > d_m3MaxFunctionSlots);\n"
        "        Push (o, type, slot);\n",
    ),
    # an initial value that could not be computed is taken for computed
    ("m3_env.c", "            if (r == 0)\n", "            result = (M3Result) r;\n            if (r == 0)\n"),
    # lengths in debug names, which nobody needs here and no validator checks, wrap on 32-bit machines
    ("m3_parse.c", "        ParseSection_Custom,    // 0\n", "        NULL,                   // 0\n"),
]

# (Debian suite, source version, file, SHA-256), in order of preference: the stable suite keeps its version for years.
MICROPYTHON = [
    (
        "trixie",
        "1.25.0+ds-1",
        "micropython_1.25.0+ds.orig.tar.xz",
        "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea",
    ),
    (
        "sid",
        "1.26.1+ds-1",
        "micropython_1.26.1+ds.orig.tar.xz",
        "f5ad2ec89d3e921f753d448955af98b6005655f84ba26087dde6ba0e8d062f34",
    ),
]


def patch_wasm3(folder: Path) -> None:
    for name, old, new in WASM3_EDITS:
        edit(folder / name, old, new)


def sdist(requirement: str) -> Callable[[Path], None]:
    def download(folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        run(*pip, "-d", str(folder), requirement)

    return download


def fetch_wasm3() -> None:
    target, stamp = (
        THIRD_PARTY / "wasm3",
        f"{WASM3_SHA256} fuel, nesting, branch tables, growth, names, initial values, arguments, block parameters",
    )
    if stamped(target, stamp):
        return
    say("wasm3 0.5.0 (pywasm3 sdist)")
    archive = cached(WASM3_SDIST, WASM3_SHA256, sdist("pywasm3==0.5.0"))
    with tempfile.TemporaryDirectory(dir=THIRD_PARTY) as scratch:
        unpack(archive, Path(scratch) / "sdist")
        source = Path(scratch) / "sdist" / "wasm3"
        patch_wasm3(source)
        shutil.copy(Path(scratch) / "sdist" / "LICENSE", source / "LICENSE")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    (target / ".fetched").write_text(stamp)


def fetch_monocypher() -> None:
    target = THIRD_PARTY / "monocypher"
    if stamped(target, MONOCYPHER_SHA256):
        return
    say("Monocypher 4.0.3 (pymonocypher sdist)")
    archive = cached(MONOCYPHER_SDIST, MONOCYPHER_SHA256, sdist("pymonocypher==4.0.3.4"))
    with tempfile.TemporaryDirectory(dir=THIRD_PARTY) as scratch:
        unpack(archive, Path(scratch) / "sdist")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        # The licence stands at the head of both files.
        for name in ("monocypher.c", "monocypher.h"):
            shutil.copy(Path(scratch) / "sdist" / name, target / name)
    (target / ".fetched").write_text(MONOCYPHER_SHA256)


def fetch_micropython() -> None:
    if os.environ.get("MICROPYTHON_DIR"):
        return
    target = THIRD_PARTY / "micropython"
    if any(stamped(target, digest) for *_, digest in MICROPYTHON):
        return
    otherwise = "or set MICROPYTHON_DIR to an unpacked source tree"
    archive, digest = first_source("MicroPython", "micropython", MICROPYTHON, otherwise)
    unpack(archive, target)
    # mkrules.mk takes the presence of this file as "the submodule is there"; we use nothing of micropython-lib.
    library = target / "lib" / "micropython-lib"
    library.mkdir(parents=True, exist_ok=True)
    (library / "README.md").write_text("Not used by Motet.\n")
    (target / ".fetched").write_text(digest)


ALWAYS = {"wasm3": fetch_wasm3, "monocypher": fetch_monocypher, "micropython": fetch_micropython}
SOURCES = {
    **ALWAYS,
    "mbedtls": fetch_mbedtls,
    "pico-sdk": fetch_pico_sdk,
    "tinyusb": fetch_tinyusb,
    "rp2040js": fetch_rp2040js,
    "assemblyscript": fetch_assemblyscript,
    "wasm-tools": fetch_wasm_tools,
    "conformance": fetch_conformance,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"what to fetch of {', '.join(SOURCES)} (default: {', '.join(ALWAYS)})"
    )
    names = parser.parse_args().names or list(ALWAYS)
    if unknown := [name for name in names if name not in SOURCES]:
        parser.error(f"unknown source {unknown[0]!r}; known: {', '.join(SOURCES)}")
    THIRD_PARTY.mkdir(exist_ok=True)
    try:
        # Builds that run at the same time would unpack into each other's tree.
        with (THIRD_PARTY / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in names:
                SOURCES[name]()
    except FetchError as error:
        print(f"fetch: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
