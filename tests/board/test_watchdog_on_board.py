# SPDX-License-Identifier: Apache-2.0
"""Programs that hang and boards that fail again and again."""

import re

import pytest
from wire import Wire

from motet.emulate import Emulator

pytestmark = pytest.mark.board

# Masks and turns off the tick and all interrupts, then sleeps for ever: only the watchdog's interrupt, which cannot be masked,
# gets a core out of it. (One that busily ignored its interrupts would take QEMU minutes.) Thumb code:
# cpsid i; SYST_CSR = 0; NVIC_ICER0 = NVIC_ICER1 = -1; SCB_ICSR = PENDSTCLR; wfi; b back to wfi.
DEAF_LOOP = bytes.fromhex("72b6064800210160c943074a1160516003480449016030bffde700bf10e000e004ed00e00000000280e100e0")


def restarted(wire: Wire) -> None:
    seen = wire.link.resets
    wire.until(lambda: wire.link.resets > seen and wire.link.established, "new session")


def test_a_program_that_hangs_is_restarted_and_the_next_start_knows_where_it_hung(wire: Wire) -> None:
    wire.send(b"h200")
    wire.until(lambda: re.search(rb"WATCHDOG pc=[0-9a-f]{8} the program does not come back\r\n", wire.text), "report")
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    reason, _, line = wire.ask(b"w").partition(b"|")
    assert reason == b"watchdog" and line.startswith(b"WATCHDOG pc=") and wire.ask(b"f") == b"1"


@pytest.mark.only_on("mps2_an385", "mps3_an547")
def test_a_core_that_masks_its_interrupts_is_restarted_by_the_hardware(wire: Wire, echo: Emulator) -> None:
    assert echo.board.emulate and echo.board.emulate.seed_address and echo.board.memory
    where = echo.board.emulate.seed_address + echo.board.memory.ram // 2 & ~0xFF
    echo.write_memory(where, DEAF_LOOP)
    with echo.debugger() as gdb:
        gdb.write_register(15, where)
    wire.until(lambda: re.search(rb"WATCHDOG pc=%06x" % (where >> 8), wire.text), "report")
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    assert wire.ask(b"w").startswith(b"watchdog|WATCHDOG")


def test_a_board_that_fails_again_and_again_waits_longer_before_each_start(wire: Wire) -> None:
    for count in (1, 2, 3):
        assert b"waiting" not in wire.text
        wire.send(b"x")
        restarted(wire)
        assert wire.ask(b"f") == b"%d" % count
    assert b"several starts in a row have failed: waiting before the next one\r\n" in wire.text


def test_any_other_restart_ends_the_row_of_failures(wire: Wire) -> None:
    wire.send(b"x")
    restarted(wire)
    assert wire.ask(b"f") == b"1"
    wire.send(b"r")
    restarted(wire)
    assert wire.ask(b"f") == b"0"


def test_a_time_limit_that_ordinary_work_would_exceed_is_refused(wire: Wire) -> None:
    wire.send(b"h1")
    wire.until(lambda: any("ValueError: time limit too short" in line for line in wire.logs), "traceback")
