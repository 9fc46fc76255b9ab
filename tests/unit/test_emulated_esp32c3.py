# SPDX-License-Identifier: Apache-2.0
"""Parts of the emulated ESP32-C3, each against what the Technical Reference Manual says of it."""

import mmap
import random

import pytest

from motet.emulate.esp32c3 import core as cores
from motet.emulate.esp32c3.access import operand
from motet.emulate.esp32c3.clock import Clock
from motet.emulate.esp32c3.core import Core, End, Memories
from motet.emulate.esp32c3.peripherals import POWER_ON, Peripherals
from motet.emulate.esp32c3.registers import Registers
from motet.emulate.esp32c3.rom import Rom, bootable
from motet.emulate.esp32c3.systimer import BASE as TIMER
from motet.emulate.esp32c3.uart import FIFO, Uart

START = cores.FLASH_AS_CODE
NOP, WFI, ECALL, EBREAK, MRET, LOOP = 0x13, 0x10500073, 0x73, 0x100073, 0x30200073, 0x6F


def machine_code(*words: int) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


def core_with(*words: int, vectors: int = START + 0x1000) -> Core:
    """A core before `words`; traps lead to a loop at `vectors`."""
    flash, ram = mmap.mmap(-1, 1 << 16), mmap.mmap(-1, cores.RAM_SIZE)
    flash[:] = machine_code(LOOP) * (len(flash) // 4)
    flash[: 4 * len(words)] = machine_code(*words)
    core = Core(Memories(ram, flash), lambda offset: offset, lambda _offset, _value: None)
    core.pc = START
    core.uc.reg_write(cores.reg.UC_RISCV_REG_MTVEC, vectors | 1)
    return core


def csr(core: Core, name: str) -> int:
    return int(core.uc.reg_read(getattr(cores.reg, f"UC_RISCV_REG_{name}")))


def test_instructions_are_counted_one_by_one() -> None:
    core = core_with(*[NOP] * 100)
    assert core.run(7) is End.COUNT
    assert (core.instructions, core.pc) == (7, START + 28)
    assert core.run(5) is End.COUNT
    assert core.instructions == 12


def test_waiting_for_an_interrupt_ends_a_run_behind_the_instruction() -> None:
    core = core_with(NOP, WFI, NOP)
    assert core.run(100) is End.SLEEP
    assert (core.instructions, core.pc) == (2, START + 8)


@pytest.mark.parametrize(
    ("words", "cause", "where"),
    [
        ([NOP, 0xFFFFFFFF], 2, 4),
        ([NOP, 0x00000001], 2, 6),  # c.nop, then the illegal compressed instruction
        ([EBREAK], 3, 0),
        ([ECALL], 11, 0),
        ([0x7E202573], 2, 0),  # a CSR that is not there
    ],
)
def test_exceptions_enter_the_table_at_its_start(words: list[int], cause: int, where: int) -> None:
    core = core_with(*words)
    core.run(10)
    assert (csr(core, "MCAUSE"), csr(core, "MEPC"), core.pc) == (cause, START + where, START + 0x1000)


def test_bad_addresses_are_access_faults_with_the_address() -> None:
    for access, cause in ((0x00052503, 5), (0x00A52023, 7)):  # lw a0, 0(a0); sw a0, 0(a0)
        core = core_with(0x00003537, access)  # lui a0, 3
        core.run(10)
        assert (csr(core, "MCAUSE"), csr(core, "MEPC"), csr(core, "MTVAL")) == (cause, START + 4, 0x3000)
    core = core_with(0x00003537, 0x00050067)  # jalr zero, 0(a0)
    core.run(10)
    assert (csr(core, "MCAUSE"), csr(core, "MTVAL")) == (1, 0x3000)


def test_a_store_into_flash_is_refused() -> None:
    core = core_with(0x3C000537, 0x00A52023)  # lui a0, 0x3c000; sw a0, 0(a0)
    core.run(10)
    assert (csr(core, "MCAUSE"), csr(core, "MTVAL")) == (7, 0x3C000000)


def test_an_interrupt_masks_and_returns() -> None:
    core = core_with(*[NOP] * 8)
    core.uc.reg_write(cores.reg.UC_RISCV_REG_MSTATUS, 8)
    assert core.takes_interrupts
    core.run(2)
    core.interrupt(5)
    assert (csr(core, "MCAUSE"), csr(core, "MEPC")) == (0x80000005, START + 8)
    assert core.pc == START + 0x1000 + 4 * 5 and not core.takes_interrupts


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (0xFFC52503, (10, -4)),  # lw a0, -4(a0)
        (0xFEA52E23, (10, -4)),  # sw a0, -4(a0)
        (0x4154, (10, 4)),  # c.lw a3, 4(a0)
        (0xC154, (10, 4)),  # c.sw a3, 4(a0)
        (0x40B2, (2, 12)),  # c.lwsp ra, 12(sp)
        (0xC606, (2, 12)),  # c.swsp ra, 12(sp)
        (0x00000013, None),
        (0x0001, None),
    ],
)
def test_the_operand_of_a_load_or_store_is_found(word: int, expected: tuple[int, int] | None) -> None:
    assert operand(word) == expected


def test_the_uart_interrupts_for_bytes_and_for_room() -> None:
    registers, calls = Registers(), []
    uart = Uart(registers, 0, lambda: calls.append(1))
    registers.write(0x24, 64 | 32 << 9 | 1 << 21)
    registers.write(0x0C, 1 << 8)
    assert calls and not uart.interrupting
    uart.feed(b"ab")
    assert uart.interrupting and registers.read(0x1C) == 2
    assert [registers.read(0), registers.read(0), registers.read(0)] == [ord("a"), ord("b"), 0]
    assert not uart.interrupting
    registers.write(0x0C, 1 << 1)
    assert uart.interrupting
    for _ in range(FIFO + 1):
        registers.write(0, 0x55)
    assert not uart.interrupting and len(uart.sending) == FIFO


def test_the_system_timer_rings_periodically_and_is_acknowledged() -> None:
    now = [0]
    parts = Peripherals(POWER_ON, lambda: now[0], lambda: None, lambda: None, random.Random(1))
    write, read = parts.registers.write, parts.registers.read
    write(TIMER + 0x34, 16_000 | 1 << 30)
    write(TIMER, 1 << 24)
    write(TIMER + 0x64, 1)
    assert parts.timer.until_alarm(0) == 1_000_000
    parts.timer.check(999_999)
    assert not parts.timer.interrupting
    now[0] = 3_500_000
    parts.timer.check(now[0])
    assert parts.timer.interrupting and parts.timer.until_alarm(now[0]) == 500_000
    write(TIMER + 0x6C, 1)
    assert not parts.timer.interrupting
    write(TIMER + 4, 1 << 30)
    assert read(TIMER + 0x44) == 56_000


def test_the_interrupt_matrix_leads_a_source_to_a_line_that_is_enabled_and_urgent_enough() -> None:
    parts = Peripherals(POWER_ON, lambda: 0, lambda: None, lambda: None, random.Random(1))
    write = parts.registers.write
    parts.uarts[0].feed(b"x")
    write(0x24, 1)
    write(0x0C, 1)
    assert parts.pending() is None
    write(0xC2000 + 4 * 21, 7)
    write(0xC2104, 1 << 7)
    assert parts.pending() is None
    write(0xC2114 + 4 * 7, 3)
    assert parts.pending() == 7
    write(0xC2194, 4)
    assert parts.pending() is None


def test_the_software_reset_is_asked_for() -> None:
    asked: list[bool] = []
    parts = Peripherals(POWER_ON, lambda: 0, lambda: None, lambda: asked.append(True), random.Random(1))
    parts.registers.write(0x08000, 1 << 31)
    assert asked == [True] and parts.registers.read(0x08038) == POWER_ON


def call_rom(core: Core, function: int, *arguments: int) -> int:
    """Call a ROM function as code would, returning to START."""
    for register, value in zip(("A0", "A1", "A2"), arguments, strict=False):
        core.uc.reg_write(getattr(cores.reg, f"UC_RISCV_REG_{register}"), value)
    core.uc.reg_write(cores.reg.UC_RISCV_REG_X1, START)
    core.pc = function
    core.run(1)
    assert core.pc == START
    return csr(core, "A0")


def test_the_rom_erases_and_programs_as_a_flash_does() -> None:
    flash, ram = mmap.mmap(-1, 1 << 16), mmap.mmap(-1, cores.RAM_SIZE)
    core = Core(Memories(ram, flash), lambda _offset: 0, lambda _offset, _value: None)
    said: list[str] = []
    Rom(core, flash, said.append)
    ram[:8] = b"\xf0\x0f\xff\x00data"
    assert call_rom(core, 0x40000128, 1) == 0
    assert flash[4096:8192] == b"\xff" * 4096
    assert call_rom(core, 0x4000012C, 4096, cores.RAM_BASE, 8) == 0
    assert call_rom(core, 0x4000012C, 4096, cores.RAM_BASE + 4, 4) == 0
    assert flash[4096:4104] == bytes(a & b for a, b in zip(b"\xf0\x0f\xff\x00", b"data", strict=True)) + b"data"
    assert call_rom(core, 0x40000130, 4100, cores.RAM_BASE + 64, 4) == 0
    assert ram[64:68] == b"data"
    assert call_rom(core, 0x40000128, 16) == 1
    assert call_rom(core, 0x4000012C, 4097, cores.RAM_BASE, 8) == 1 and "not within the flash, or not in words" in said[0]


def test_a_rom_address_without_a_function_is_no_code() -> None:
    flash, ram = mmap.mmap(-1, 1 << 16), mmap.mmap(-1, cores.RAM_SIZE)
    core = Core(Memories(ram, flash), lambda _offset: 0, lambda _offset, _value: None)
    Rom(core, flash, lambda _text: None)
    core.pc = 0x40000100
    core.run(5)
    assert (csr(core, "MCAUSE"), csr(core, "MEPC")) == (2, 0x40000100)


def test_only_a_flash_with_the_magic_word_twice_boots() -> None:
    assert bootable(bytes.fromhex("1d04dbae1d04dbae") + b"code")
    assert not bootable(b"\xff" * 16) and not bootable(bytes.fromhex("1d04dbae"))


def test_counted_time_is_instructions_and_sleep() -> None:
    clock = Clock(3)
    assert clock.now(100) == 800
    clock.skip(5_000)
    assert clock.now(100) == 5_800
    assert clock.instructions_in(80, 1000) == 10 and clock.instructions_in(0, 1000) == 1
