# SPDX-License-Identifier: Apache-2.0
"""Which modules are valid, and which of the valid ones the device engine understands.

wasmtime judges validity. The profile is WebAssembly 1.0 with mutable globals, sign extension and saturating conversion: what
small compilers emit and the device engine runs. The decoder knows these and nothing else, so a later proposal cannot slip in.
Multi-value is out on purpose: block results of several types are what corrupts memory in the device engine.
"""

from __future__ import annotations

import functools
import re
from collections import deque

import wasmtime

from motet.components import opcodes, wasmfile
from motet.components.errors import AdmissionError
from motet.components.reader import Malformed
from motet.components.wasmfile import MAGIC, Module

_AT = re.compile(r"\s*\(at offset (0x[0-9a-f]+)\)")


def check_format(module: bytes) -> None:
    """Refuses what is not a core module at all, in words that help."""
    if not module.startswith(b"\0asm"):
        raise AdmissionError("format", "this is not WebAssembly: it does not begin with the bytes 00 61 73 6d", "byte 0x0")
    if len(module) >= len(MAGIC) and not module.startswith(MAGIC):
        raise AdmissionError("format", f"WebAssembly version {module[4:8].hex(' ')} is not 1", "byte 0x4")


def check_valid(module: bytes) -> None:
    """Refuses what no engine should run: truncated, badly typed, out of range. Says the byte."""
    try:
        wasmtime.Module.validate(_engine(), module)
    except wasmtime.WasmtimeError as error:
        text = str(error)
        at = _AT.search(text)
        raise AdmissionError("valid", " ".join(_AT.sub("", text).split()), f"byte {at[1]}" if at else "") from None


def decode_profile(module: bytes) -> Module:
    """The decoded module. Refuses valid modules that need more than the device engine has, naming feature and byte."""
    try:
        decoded = wasmfile.decode(module)
        for body in decoded.bodies:
            deque(opcodes.instructions(module, body.start, body.end), maxlen=0)
    except Malformed as error:
        raise AdmissionError("profile", error.reason, f"byte {error.offset:#x}") from None
    for what, count in (("table", len(decoded.tables)), ("memory", len(decoded.memories))):
        if count > 1:
            raise AdmissionError("profile", f"{count} of kind {what}, the profile has at most one")
    return decoded


@functools.cache
def _engine() -> wasmtime.Engine:
    # The default configuration on purpose: contradictory switches abort the process instead of raising.
    return wasmtime.Engine()
