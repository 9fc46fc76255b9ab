# SPDX-License-Identifier: Apache-2.0
"""Motet's native parts: ``wasm`` (component engine), ``nn`` (TensorFlow Lite models) and ``frame`` (serial link).

The same names with the same behaviour exist on MicroPython, where they are built into the firmware.
"""

import sys

from . import _native
from ._native import cancel, cancel_pending

__all__ = ["cancel", "cancel_pending"]

for _name in ("frame", "nn", "wasm"):
    if hasattr(_native, _name):
        # Both `from motet_native import wasm` and `import motet_native.wasm` must work.
        globals()[_name] = sys.modules[__name__ + "." + _name] = getattr(_native, _name)
        __all__.append(_name)
