# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in a module, in the words of the device engine: whoever reads them cannot tell which engine it was."""

from __future__ import annotations

import wasmtime
from wasmtime import TrapCode

OUT_OF_FUEL, CANCELLED = "out of fuel", "cancelled"
_WORDS = {
    TrapCode.STACK_OVERFLOW: "stack overflow",
    TrapCode.MEMORY_OUT_OF_BOUNDS: "out of bounds memory access",
    TrapCode.TABLE_OUT_OF_BOUNDS: "undefined element",
    TrapCode.INDIRECT_CALL_TO_NULL: "undefined element",
    TrapCode.BAD_SIGNATURE: "indirect call type mismatch",
    TrapCode.INTEGER_OVERFLOW: "integer overflow",
    TrapCode.INTEGER_DIVISION_BY_ZERO: "integer divide by zero",
    TrapCode.BAD_CONVERSION_TO_INTEGER: "invalid conversion to integer",
    TrapCode.UNREACHABLE: "unreachable executed",
    TrapCode.INTERRUPT: CANCELLED,
    TrapCode.OUT_OF_FUEL: OUT_OF_FUEL,
}


class Error(Exception):
    """A module could not be loaded or linked, or an instance was used wrongly."""


class Trap(Error):
    """A call was ended."""


class Broken(Trap):
    """A call was ended because the guest does not keep to the Canonical ABI."""


def words(trap: wasmtime.Trap) -> str:
    """Why, in one phrase."""
    code = trap.trap_code
    return _WORDS.get(code, code.name.lower().replace("_", " ")) if code is not None else one_line(trap)


def one_line(error: Exception) -> str:
    """The first line of what wasmtime says, which explains at length."""
    return str(error).strip().partition("\n")[0]
