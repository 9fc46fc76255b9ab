# SPDX-License-Identifier: Apache-2.0
from . import crypto as crypto
from . import frame as frame
from . import nn as nn
from . import store as store
from . import wasm as wasm

def cancel(flag: bool = True) -> None:
    """Raise (or clear) the flag that stops running wasm and nn calls. Whoever starts a call clears it first."""

def cancel_pending() -> bool: ...
