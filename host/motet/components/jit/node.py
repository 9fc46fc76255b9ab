# SPDX-License-Identifier: Apache-2.0
"""This machine as a device for components: the device core over wasmtime, in a process of its own.

It is a device like any other: it speaks the serial link (over a TCP socket), is enrolled by the gateway's key, takes artifacts
and grants, and its tools appear over MCP. A component that takes the process down takes no gateway with it.

    python -m motet.components.jit.node PROGRAMS --listen 127.0.0.1:0 --id gateway [--flash FILE]

PROGRAMS is the folder with the code of components that are too large for artifacts.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import motet_native

from motet.components import jit
from motet.components.jit.placed import Placed
from motet.components.jit.programs import Programs, is_marker
from motet.components.wasi.table import TABLE
from motet_core import __main__ as core
from motet_core import imports, platform

# Bytes of the whole process: what a component returns becomes objects that may be many times as large.
_MEMORY = 4 << 30


def parts(programs: Programs | None = None) -> SimpleNamespace:
    """The native parts of this process: all that devices have, with wasmtime in the place of their engine."""

    def instance(module: Any, memory: int = 4096, stack: int = 2048) -> Any:
        code = bytes(module)
        return Placed(programs, code) if programs is not None and is_marker(code) else jit.Instance(code, memory, stack)

    wasm = SimpleNamespace(**{name: getattr(jit, name) for name in jit.__all__} | {"Instance": instance})
    names = ("crypto", "frame", "nn", "store", "cancel_pending")
    return SimpleNamespace(**{name: getattr(motet_native, name) for name in names}, wasm=wasm, cancel=jit.cancel)


def main(arguments: list[str]) -> None:
    """Serves until it is ended."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard), hard))
    folder, *options = arguments
    imports.more.update(TABLE)
    platform.replace_native(parts(Programs("", Path(folder))))
    core.main(options)


if __name__ == "__main__":
    main(sys.argv[1:])
