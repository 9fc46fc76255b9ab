# SPDX-License-Identifier: Apache-2.0
"""How many instructions unicorn has executed since its last start, and the means to stop it after the one at work.

Unicorn counts them, but tells only whoever asked for a number of them that all have run; and asked to stop from within a
memory access, it repeats the instruction. Its counter stands right before the number asked for, at a place that depends on
unicorn's version only; so the place is looked for once, by a run whose numbers are known.
"""

import ctypes
import functools

from unicorn import UC_ARCH_RISCV, UC_MODE_RISCV32, Uc

_ASKED = 777
# unicorn counts the instruction that it stops before.
_COUNTED = _ASKED + 1
_WORDS = 256
_NOP = (0x13).to_bytes(4, "little")


class UnknownUnicorn(Exception):
    """This version of unicorn keeps its counter where we do not find it."""


class Counter:
    """The counter of one Uc; of use for runs with a count only."""

    def __init__(self, uc: Uc) -> None:
        self._words, self._place = _words(uc), _place()

    @property
    def executed(self) -> int:
        """Instructions of the run, the one at work included."""
        counted, asked = self._words[self._place], self._words[self._place + 1]
        return min(counted, asked)

    def stop(self) -> None:
        """Let the run end after the instruction at work."""
        self._words[self._place + 1] = self._words[self._place]


def _words(uc: Uc) -> "ctypes.Array[ctypes.c_size_t]":
    return (ctypes.c_size_t * _WORDS).from_address(uc._uch.value)


@functools.cache
def _place() -> int:
    uc = Uc(UC_ARCH_RISCV, UC_MODE_RISCV32)
    uc.mem_map(0x1000, 0x1000)
    uc.mem_write(0x1000, _NOP * 1024)
    uc.emu_start(0x1000, 0xFFFFFFFF, count=_ASKED)
    words = _words(uc)
    found = [at for at in range(_WORDS - 1) if words[at] == _COUNTED and words[at + 1] == _ASKED]
    if len(found) != 1:
        raise UnknownUnicorn("this version of unicorn is not one whose instructions can be counted; use the pinned one")
    return found[0]
