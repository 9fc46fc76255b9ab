# SPDX-License-Identifier: Apache-2.0
"""Components on the gateway: the engine of devices (``motet_native.wasm``) with the same names and behaviour, over wasmtime.

What a device runs, the gateway runs: the same admitted module, the same type descriptor, the same grant. Only the engine differs:
code is compiled, isolated by wasmtime, and memory is limited in whole pages of 64 KiB. Fuel is counted in the device's units,
each worth as many instructions as a function may have between two looks, so no call ends here that would not end on a device.
"""

from motet_native.wasm import Guard

from motet.components.jit.code import cancel
from motet.components.jit.errors import Broken, Error, Trap
from motet.components.jit.instance import Instance
from motet.components.jit.typed import Typed, Types

__all__ = ["Broken", "Error", "Guard", "Instance", "Trap", "Typed", "Types", "cancel"]
