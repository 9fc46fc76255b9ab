# SPDX-License-Identifier: Apache-2.0
"""The form every module has before the device engine sees it, checked rather than believed.

The engine compiles as it reads, and has been seen to write outside its stack on valid modules in two situations: code that no
control flow reaches, and values that leave a block on its operand stack. A flat module has neither:

- after ``br``, ``br_table``, ``return`` and ``unreachable`` a block ends;
- no block, loop or if has a result, and no branch leaves the function with one (that is what ``return`` is for).
"""

from __future__ import annotations

from motet.components import opcodes
from motet.components.errors import AdmissionError
from motet.components.opcodes import Instruction
from motet.components.wasmfile import Module

_JUMPS = (opcodes.UNREACHABLE, opcodes.BR, opcodes.BR_TABLE, opcodes.RETURN)
_ENDS = (opcodes.END, opcodes.ELSE)


def check_flat(module: Module) -> None:
    """Refuses a module that is not flat, naming the function and the byte."""
    for number, body in enumerate(module.bodies, module.imported_functions):
        returns = not module.signature(number).startswith("v")
        dead = False
        for item in opcodes.instructions(module.data, body.start, body.end):
            reason = "code that nothing reaches" if dead and item.code not in _ENDS else _value(item, returns)
            if reason:
                raise AdmissionError("flat", f"{reason} is left after normalising", f"function {number} at byte {item.at:#x}")
            dead = item.code in _JUMPS


def is_flat(module: Module) -> bool:
    """True when ``check_flat`` has nothing to say."""
    try:
        check_flat(module)
    except AdmissionError:
        return False
    return True


def _value(item: Instruction, returns: bool) -> str:
    """What leaves a block with a value here; empty when nothing does."""
    if item.code in (opcodes.BLOCK, opcodes.LOOP, opcodes.IF):
        return "" if item.argument == opcodes.EMPTY else "a block with a result"
    labels = item.argument if item.code == opcodes.BR_TABLE else [item.argument]
    branches = item.code in (opcodes.BR, opcodes.BR_IF, opcodes.BR_TABLE)
    return "a branch that returns a value" if returns and branches and item.depth - 1 in labels else ""
