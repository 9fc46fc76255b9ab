# SPDX-License-Identifier: Apache-2.0
"""Motet's native parts: ``wasm`` (component engine), ``nn`` (TensorFlow Lite models),
``frame`` (serial link), ``crypto`` (hashes, signatures) and ``store`` (flash storage).

The same names with the same behaviour exist on MicroPython, where they are built into the firmware.
"""

import sys

from ._native import cancel, cancel_pending, crypto, frame, nn, store, wasm

__all__ = ["cancel", "cancel_pending", "crypto", "frame", "nn", "store", "wasm"]

# So that `import motet_native.wasm` works as well as `from motet_native import wasm`.
for _part in (crypto, frame, nn, store, wasm):
    sys.modules[_part.__name__] = _part
