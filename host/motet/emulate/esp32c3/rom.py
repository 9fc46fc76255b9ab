# SPDX-License-Identifier: Apache-2.0
"""What the mask ROM does for the firmware: start it from flash, and change the flash.

Entry points as Espressif publishes them for linking (esp32c3.rom.ld). A ROM function runs here, in no time; the instruction
at its address is a return. All other ROM addresses hold illegal instructions.
"""

import mmap
from collections.abc import Callable

import unicorn
from unicorn import Uc
from unicorn.riscv_const import UC_RISCV_REG_A0, UC_RISCV_REG_A1, UC_RISCV_REG_A2

from motet.emulate.esp32c3.core import FLASH_AS_CODE, FLASH_AS_DATA, Core

SECTOR = 4096
ENTRY = FLASH_AS_CODE + 8
_DIRECT_BOOT = (0xAEDB041D).to_bytes(4, "little") * 2
_RETURN = bytes.fromhex("8280")
_FAILED = 1


def bootable(flash: bytes) -> bool:
    """Whether the ROM starts this flash directly: it begins with the magic word twice."""
    return flash[:8] == _DIRECT_BOOT


class Rom:
    """The ROM's functions for one core. `log` is told of calls that a real flash would refuse or garble."""

    def __init__(self, core: Core, flash: mmap.mmap, log: Callable[[str], None]) -> None:
        self._core, self._flash, self._log = core, flash, log
        self._functions: dict[int, Callable[[int, int, int], int]] = {
            0x40000128: self._erase_sector,
            0x4000012C: self._write,
            0x40000130: self._read,
            0x40000140: lambda _a, _b, _c: 0,  # esp_rom_spiflash_unlock
            0x400004D4: lambda _a, _b, _c: 0,  # Cache_Invalidate_Addr: nothing is cached here
            0x40000524: lambda _a, _b, _c: 0,  # Cache_Suspend_ICache
            0x40000528: lambda _a, _b, _c: 0,  # Cache_Resume_ICache
        }
        for address in self._functions:
            core.uc.mem_write(address, _RETURN)
            core.uc.hook_add(unicorn.UC_HOOK_CODE, self._call, begin=address, end=address)

    def _call(self, uc: Uc, address: int, _size: int, _data: object) -> None:
        function = self._functions[address]
        arguments = [uc.reg_read(register) for register in (UC_RISCV_REG_A0, UC_RISCV_REG_A1, UC_RISCV_REG_A2)]
        uc.reg_write(UC_RISCV_REG_A0, function(*arguments))

    def _erase_sector(self, number: int, _b: int, _c: int) -> int:
        start = number * SECTOR
        if not self._fits(start, SECTOR):
            return _FAILED
        self._flash[start : start + SECTOR] = b"\xff" * SECTOR
        self._changed(start, SECTOR)
        return 0

    def _write(self, to: int, source: int, length: int) -> int:
        if not self._fits(to, length) or (to | length | source) & 3:
            self._log(f"esp_rom_spiflash_write({to:#x}, {source:#x}, {length}): not within the flash, or not in words")
            return _FAILED
        data = self._core.uc.mem_read(source, length)
        # Programming clears bits; only erasing sets them.
        self._flash[to : to + length] = bytes(old & new for old, new in zip(self._flash[to : to + length], data, strict=True))
        self._changed(to, length)
        return 0

    def _read(self, source: int, to: int, length: int) -> int:
        if not self._fits(source, length):
            return _FAILED
        self._core.uc.mem_write(to, bytes(self._flash[source : source + length]))
        return 0

    def _fits(self, start: int, length: int) -> bool:
        return 0 <= length < 1 << 31 and start + length <= len(self._flash)

    def _changed(self, start: int, length: int) -> None:
        for base in (FLASH_AS_CODE, FLASH_AS_DATA):
            self._core.forget_code(base + start, length)
