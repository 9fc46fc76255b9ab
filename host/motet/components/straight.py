# SPDX-License-Identifier: Apache-2.0
"""How long a function may run without asking whether it still may.

The engine looks at fuel and cancellation at each call and each iteration of a loop. Between two looks every instruction of a
function runs at most once, so what all of them take together bounds the wait, whatever branches do. The slowest part is the
RP2040: a Cortex-M0+ without floating point, counted at 125 MHz (emulated; tests/bench/bench_straight.py measures it).
"""

from __future__ import annotations

from collections.abc import Iterator

from motet.components import opcodes
from motet.components.errors import AdmissionError
from motet.components.wasmfile import Module

# Microseconds on that part between two looks, for each call that is open.
MOST_US = 10_000

_PLAIN, _FLOAT, _SLOW, _GROW = 2, 6, 12, 1000
_COMPARE_FLOATS = range(0x5B, 0x67)
_FLOATS = range(0x8B, 0xA7)
_SQUARE_ROOTS = (0x91, 0x9F)
# Between integers and floats, and between floats; not what only takes bits for something else (from 0xBC).
_CONVERSIONS = (*range(0xA8, 0xAC), *range(0xAE, 0xBC), 0xFC)
_MEMORY_GROW = 0x40


def _table() -> dict[int, int]:
    table = dict.fromkeys((*_COMPARE_FLOATS, *_FLOATS), _FLOAT)
    return table | dict.fromkeys((*_SQUARE_ROOTS, *_CONVERSIONS), _SLOW) | {_MEMORY_GROW: _GROW}


_COSTS = _table()


def cost(code: int) -> int:
    """Most microseconds that an instruction with this first byte takes there."""
    return _COSTS.get(code, _PLAIN)


def check_straight(module: Module) -> None:
    """Refuses a function with too much between two looks, naming it."""
    for number, body in enumerate(module.bodies, module.imported_functions):
        taken = sum(_costs(module, body.start, body.end))
        if taken > MOST_US:
            reason = f"may run {taken} us on a Cortex-M0+ without a call or a loop, at most {MOST_US} are accepted: split it"
            raise AdmissionError("straight", reason, f"function {number} at byte {body.start:#x}")


def _costs(module: Module, start: int, end: int) -> Iterator[int]:
    # Structure alone takes no time: the engine compiles it away.
    free = (opcodes.BLOCK, opcodes.LOOP, opcodes.END, opcodes.ELSE)
    return (cost(item.code) for item in opcodes.instructions(module.data, start, end) if item.code not in free)
