# SPDX-License-Identifier: Apache-2.0
"""Motet's native parts: ``wasm`` (component engine), ``nn`` (TensorFlow Lite models) and ``frame`` (serial link).

The same names with the same behaviour exist on MicroPython, where they are built into the firmware.
"""

import sys

from ._native import cancel, cancel_pending, frame, nn, wasm

__all__ = ["cancel", "cancel_pending", "frame", "nn", "wasm"]

# So that `import motet_native.wasm` works as well as `from motet_native import wasm`.
for _part in (frame, nn, wasm):
    sys.modules[_part.__name__] = _part
