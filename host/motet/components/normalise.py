# SPDX-License-Identifier: Apache-2.0
"""Brings a module into the form the device engine compiles safely: no dead code, no values left on the stack across blocks.

The passes are binaryen's. Unreachable code and stack-polymorphic blocks are where the engine has been seen to corrupt memory
on valid modules; after these passes it has not. Mandatory, whoever made the module.
"""

from __future__ import annotations

import functools
import re
import shutil

from motet import sandbox
from motet.components.errors import AdmissionError, BuildError
from motet.components.features import decode_profile
from motet.components.flatness import is_flat
from motet.components.wasmfile import Module

FEATURES = ["--mvp-features", "--enable-mutable-globals", "--enable-sign-ext", "--enable-nontrapping-float-to-int"]
# Flattening makes a local of every value; the locals passes merge them and drop those that are left unused, because each one
# is stack on the device. "nostructure" keeps blocks without results: the device engine has been seen to write outside its stack
# when a branch carries a value out of a block. Dead code goes after them, so that they cannot leave any.
_LOCALS = ["--simplify-locals-nostructure", "--coalesce-locals", "--reorder-locals"]
_FLATTEN = ["--flatten", *_LOCALS, "--dce"]
_UNUSED = ["--remove-unused-module-elements"]
PASSES = [*_FLATTEN, "--vacuum", *_UNUSED]
# Vacuum makes code a quarter smaller, and once in some thousand modules it gives an `if` a result. Then it has to go first.
CAUTIOUS = ["--dce", "--vacuum", *_FLATTEN, "--remove-unused-names", "--merge-blocks", *_UNUSED]
STRIP = ["--strip-debug", "--strip-producers"]
BOUNDS = sandbox.Bounds(seconds=10)
MISSING = "wasm-opt not found: install it with `sudo apt-get install binaryen`"


def tool() -> str:
    """Path of binaryen's optimiser. Raises BuildError naming the package."""
    path = shutil.which("wasm-opt")
    if path is None:
        raise BuildError(MISSING)
    return path


@functools.cache
def version(path: str) -> str:
    """``binaryen 108``: equal inputs give equal bytes only under the same version, so the log names it."""
    said = sandbox.run([path, "--version"], b"", BOUNDS).output.decode("ascii", "replace")
    found = re.search(r"version (\d+)", said)
    return f"binaryen {found[1] if found else said.strip()[:40]}"


def normalise(module: bytes) -> tuple[bytes, list[str]]:
    """The equivalent module in safe form, and the passes that made it. Raises AdmissionError when binaryen does not take it.

    Whether it really is flat is for ``flatness.check_flat`` to say: here it only decides between the two ways.
    """
    small = _run(module, PASSES)
    if is_flat(_decoded(small)):
        return small, PASSES
    return _run(module, CAUTIOUS), CAUTIOUS


def _run(module: bytes, passes: list[str]) -> bytes:
    done = sandbox.run([tool(), *FEATURES, *passes, *STRIP, "-", "-o", "-"], module, BOUNDS)
    if done.status != 0 or not done.output.startswith(b"\0asm"):
        detail = done.errors.strip().splitlines()[-1:] or ["no output"]
        raise AdmissionError("normalise", f"wasm-opt {done.how}: {detail[0][:300]}")
    return done.output


def _decoded(module: bytes) -> Module:
    try:
        return decode_profile(module)
    except AdmissionError as error:
        reason = f"the normalised module is outside the profile: {error.reason}"
        raise AdmissionError("normalise", reason, error.where) from None
