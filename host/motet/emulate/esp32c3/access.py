# SPDX-License-Identifier: Apache-2.0
"""Which address a load or store instruction means: unicorn does not tell for one that memory protection refused."""

from unicorn import Uc, UcError
from unicorn.riscv_const import UC_RISCV_REG_X0

_LOAD, _STORE = 0x03, 0x23
_C_LOAD, _C_STORE = 0b010, 0b110


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def operand(word: int) -> tuple[int, int] | None:
    """(base register, offset) of a load or store of RV32I or RV32C; None for anything else."""
    if word & 3 == 3:
        if word & 0x7F == _LOAD:
            return word >> 15 & 31, _signed(word >> 20, 12)
        if word & 0x7F == _STORE:
            return word >> 15 & 31, _signed(word >> 25 << 5 | word >> 7 & 31, 12)
        return None
    half = word & 0xFFFF
    if half >> 13 not in (_C_LOAD, _C_STORE):
        return None
    if half & 3 == 0:
        return 8 + (half >> 7 & 7), (half >> 10 & 7) << 3 | (half >> 6 & 1) << 2 | (half >> 5 & 1) << 6
    if half & 3 == 2:
        if half >> 13 == _C_LOAD:
            return 2, (half >> 12 & 1) << 5 | (half >> 4 & 7) << 2 | (half >> 2 & 3) << 6
        return 2, (half >> 9 & 15) << 2 | (half >> 7 & 3) << 6
    return None


def fault_address(uc: Uc, pc: int) -> int:
    """What the instruction at `pc` wanted to reach; 0 when it is no load or store."""
    try:
        word = int.from_bytes(uc.mem_read(pc, 4), "little")
    except UcError:
        return 0
    found = operand(word)
    return 0 if found is None else (uc.reg_read(UC_RISCV_REG_X0 + found[0]) + found[1]) & 0xFFFFFFFF
