# SPDX-License-Identifier: Apache-2.0
"""This machine as a device for components: the device core over wasmtime, in a process of its own.

It is a device like any other: it speaks the serial link (over a TCP socket), is enrolled by the gateway's key, takes artifacts
and grants, and its tools appear over MCP. A component that takes the process down takes no gateway with it.

    python -m motet.components.jit.node --listen 127.0.0.1:0 --id gateway [--flash FILE]
"""

from __future__ import annotations

import sys
from types import SimpleNamespace

import motet_native

from motet.components import jit
from motet_core import __main__ as core
from motet_core import platform


def parts() -> SimpleNamespace:
    """The native parts of this process: all that devices have, with wasmtime in the place of their engine."""
    names = ("crypto", "frame", "nn", "store", "cancel_pending")
    return SimpleNamespace(**{name: getattr(motet_native, name) for name in names}, wasm=jit, cancel=jit.cancel)


def main(arguments: list[str]) -> None:
    """Serves until it is ended."""
    platform.replace_native(parts())
    core.main(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
