# SPDX-License-Identifier: Apache-2.0
"""The processor: unicorn's RV32 core with the part's memory map, traps and vectored interrupts.

Unicorn runs instructions and CSRs; it takes no traps of its own. So every exception ends a run, and the trap is entered here,
as are interrupts between two runs (RISC-V Privileged Architecture 1.12 §3.1).
"""

import ctypes
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import unicorn
from unicorn import Uc, UcError
from unicorn import riscv_const as reg

from motet.emulate.esp32c3.access import fault_address
from motet.emulate.esp32c3.counter import Counter

RAM_BASE, RAM_SIZE = 0x3FC80000, 0x60000
RAM_AS_CODE = 0x40380000
FLASH_AS_DATA, FLASH_AS_CODE = 0x3C000000, 0x42000000
ROM_BASE, ROM_SIZE = 0x40000000, 0x10000
PERIPHERALS, PERIPHERALS_SIZE = 0x60000000, 0x100000

_MIE, _MPIE, _MPP = 1 << 3, 1 << 7, 3 << 11
_MACHINE_MODE = 3
_INTERRUPT = 1 << 31
_ILLEGAL, _BREAKPOINT = 2, 3
_ECALL_USER, _ECALL_MACHINE = 8, 11
_LOAD_FAULTS, _STORE_FAULT = (4, 5), 7
# What ends a run with an error, as the exceptions of the architecture: access faults of fetch, load and store.
_CAUSES = {
    unicorn.UC_ERR_FETCH_UNMAPPED: 1,
    unicorn.UC_ERR_FETCH_PROT: 1,
    unicorn.UC_ERR_READ_UNMAPPED: 5,
    unicorn.UC_ERR_READ_PROT: 5,
    unicorn.UC_ERR_WRITE_UNMAPPED: 7,
    unicorn.UC_ERR_WRITE_PROT: 7,
    unicorn.UC_ERR_INSN_INVALID: _BREAKPOINT,
}
_READ_EXECUTE = unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC


class End(Enum):
    """Why a run came to its end."""

    COUNT = "count"
    SLEEP = "sleep"
    BREAK = "break"


@dataclass
class Memories:
    """What outlives a reset."""

    ram: mmap.mmap
    flash: mmap.mmap


def _pointer(memory: mmap.mmap) -> Any:
    return ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(memory)))


class Core:
    """The core after a reset. `read(offset)` and `write(offset, value)` are the peripherals' registers."""

    def __init__(self, memories: Memories, read: Callable[[int], int], write: Callable[[int, int], None]) -> None:
        self.uc = uc = Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        # unicorn keeps addresses only.
        self._memories = memories
        self._before = 0
        self._running = False
        self._trap: tuple[int, int] | None = None
        self._bad_address = 0
        size = len(memories.flash)
        for base in (FLASH_AS_DATA, FLASH_AS_CODE):
            uc.mem_map_ptr(base, size, _READ_EXECUTE if base == FLASH_AS_CODE else unicorn.UC_PROT_READ, _pointer(memories.flash))
        uc.mem_map_ptr(RAM_BASE, RAM_SIZE, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE, _pointer(memories.ram))
        uc.mem_map_ptr(RAM_AS_CODE, RAM_SIZE, unicorn.UC_PROT_ALL, _pointer(memories.ram))
        uc.mem_map(ROM_BASE, ROM_SIZE, _READ_EXECUTE)
        uc.mmio_map(
            PERIPHERALS,
            PERIPHERALS_SIZE,
            lambda _uc, offset, _size, _data: read(offset & ~3),
            None,
            lambda _uc, offset, _size, value, _data: write(offset & ~3, value),
            None,
        )
        uc.hook_add(unicorn.UC_HOOK_INTR, self._on_exception)
        uc.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_bad_access)
        uc.reg_write(reg.UC_RISCV_REG_PRIV, _MACHINE_MODE)
        self._counter = Counter(uc)

    @property
    def instructions(self) -> int:
        """Executed since the reset, also while running."""
        return self._before + (self._counter.executed if self._running else 0)

    @property
    def pc(self) -> int:
        return int(self.uc.reg_read(reg.UC_RISCV_REG_PC))

    @pc.setter
    def pc(self, address: int) -> None:
        self.uc.reg_write(reg.UC_RISCV_REG_PC, address)

    @property
    def takes_interrupts(self) -> bool:
        return bool(self.uc.reg_read(reg.UC_RISCV_REG_MSTATUS) & _MIE)

    def run(self, count: int) -> End:
        """Execute up to `count` instructions; fewer when the core goes to sleep or after stop()."""
        self._running, self._stopped = True, False
        cause = None
        try:
            self.uc.emu_start(self.pc, 0xFFFFFFFF, count=count)
        except UcError as error:
            cause = _CAUSES.get(error.errno)
            if cause is None:
                raise
        executed = self._counter.executed
        self._running = False
        self._before += executed
        if cause is not None:
            self._enter_trap(cause, self.pc, self._bad_address if cause != _BREAKPOINT else self.pc)
        elif self._trap is not None:
            self._take_exception()
        elif executed < count and not self._stopped:
            return End.SLEEP
        return End.BREAK if executed < count else End.COUNT

    def stop(self) -> None:
        """End the run that is going on, because something changed that the core must see."""
        if self._running:
            self._stopped = True
            self._counter.stop()

    def interrupt(self, line: int) -> None:
        """Enter the handler of one of the 31 lines."""
        self._enter_trap(_INTERRUPT | line, self.pc, 0)

    def forget_code(self, address: int, size: int) -> None:
        """Memory that may have held translated code has changed."""
        self.uc.ctl_remove_cache(address, address + size)

    def _on_exception(self, uc: Uc, cause: int, _data: object) -> None:
        # unicorn has moved the program counter on by four, whatever the instruction's length.
        self._trap = (cause, (self.pc - 4) & 0xFFFFFFFF)
        uc.emu_stop()

    def _on_bad_access(self, _uc: Uc, _kind: int, address: int, _size: int, _value: int, _data: object) -> bool:
        self._bad_address = address
        return False

    def _take_exception(self) -> None:
        assert self._trap is not None
        (cause, pc), self._trap = self._trap, None
        if cause == _ECALL_USER:
            cause = _ECALL_MACHINE
        value = fault_address(self.uc, pc) if cause in _LOAD_FAULTS or cause == _STORE_FAULT else 0
        self._enter_trap(cause, pc, value)

    def _enter_trap(self, cause: int, pc: int, value: int) -> None:
        uc = self.uc
        status = uc.reg_read(reg.UC_RISCV_REG_MSTATUS)
        uc.reg_write(reg.UC_RISCV_REG_MSTATUS, status & ~(_MIE | _MPIE) | (_MPIE if status & _MIE else 0) | _MPP)
        uc.reg_write(reg.UC_RISCV_REG_MEPC, pc)
        uc.reg_write(reg.UC_RISCV_REG_MCAUSE, cause)
        uc.reg_write(reg.UC_RISCV_REG_MTVAL, value)
        # The core knows vectored mode only: exceptions at the table's start.
        base = uc.reg_read(reg.UC_RISCV_REG_MTVEC) & ~0xFF
        self.pc = base + 4 * (cause & 31 if cause & _INTERRUPT else 0)
