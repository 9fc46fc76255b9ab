# SPDX-License-Identifier: Apache-2.0
"""What a board says and does when its program fails, and what the next start knows of it."""

import re
import subprocess

import pytest
from wire import Wire

from motet.emulate import Machine

pytestmark = pytest.mark.board

# GDB's numbers of the stack pointer and the program counter.
ARM, RISCV = (13, 15), (2, 32)
REGISTERS = {"armv7m": ARM, "armv7em": ARM, "armv8_1m": ARM, "rv32imac": RISCV, "rv32imc": RISCV}
HARDFAULT = rb"HARDFAULT pc=[0-9a-f]{8} lr=[0-9a-f]{8} cfsr=[0-9a-f]{8}"
TRAP = rb"TRAP mcause=[0-9a-f]{8} mepc=[0-9a-f]{8}"
REPORT = {arch: HARDFAULT if arch.startswith("arm") else TRAP for arch in REGISTERS}


def symbol(echo: Machine, name: str) -> int:
    """Address of a linker symbol in the running image."""
    prefix = "riscv64-unknown-elf-" if echo.board.arch.startswith("rv32") else "arm-none-eabi-"
    listing = subprocess.run([prefix + "nm", str(echo.firmware)], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0], 16) for line in listing.splitlines() if line.endswith(f" {name}"))


def test_a_jump_into_nowhere_is_reported_and_remembered(wire: Wire, echo: Machine) -> None:
    with echo.debugger() as gdb:
        gdb.write_register(REGISTERS[echo.board.arch][1], 0xDEAD_BEE0)
    wire.until(lambda: re.search(REPORT[echo.board.arch], wire.text), "fault report")
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    reason, _, line = wire.ask(b"w").partition(b"|")
    assert reason == b"fault" and re.match(REPORT[echo.board.arch], line)


# A core with another guard below its stack than the rest.
@pytest.mark.only_on("stm32f405", "virt_rv32", "esp32c3", "mps3_an547")
def test_a_stack_overflow_hits_the_guard_and_says_so(wire: Wire, echo: Machine) -> None:
    stack_pointer, _ = REGISTERS[echo.board.arch]
    with echo.debugger() as gdb:
        gdb.write_register(stack_pointer, symbol(echo, "_stack_guard") + 128)
    wire.until(lambda: re.search(REPORT[echo.board.arch] + rb".*stack overflow", wire.text), "fault report")
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    assert wire.ask(b"ealive") == b"alive"


def test_a_stack_pointer_that_leads_nowhere_is_reported_and_restarts(wire: Wire, echo: Machine) -> None:
    with echo.debugger() as gdb:
        gdb.write_register(REGISTERS[echo.board.arch][0], 0x10)
    wire.until(lambda: re.search(REPORT[echo.board.arch], wire.text), "fault report")
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    assert wire.ask(b"w").startswith(b"fault|")


def test_endless_recursion_is_an_exception_not_a_fault(wire: Wire) -> None:
    assert wire.ask(b"d") == b"maximum recursion depth exceeded"
    assert wire.ask(b"ealive") == b"alive"


def test_an_exception_that_leaves_main_is_logged_and_restarts_the_board(wire: Wire) -> None:
    wire.send(b"x")
    wire.until(lambda: any("ValueError: asked to fail" in line for line in wire.logs), "traceback")
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    assert wire.ask(b"w") == b"crash|"


def test_machine_reset_restarts_and_says_so(wire: Wire) -> None:
    wire.send(b"r")
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    assert wire.ask(b"w") == b"reset|"


def test_the_reset_button_is_told_from_a_power_on(wire: Wire, echo: Machine) -> None:
    assert wire.ask(b"w") == b"power_on|"
    echo.reset()
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    assert wire.ask(b"w") == b"external|"
