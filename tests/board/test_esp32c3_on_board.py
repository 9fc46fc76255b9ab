# SPDX-License-Identifier: Apache-2.0
"""What only the ESP32-C3's part needs, as far as an emulator shows it."""

import pytest
from wire import Wire

from motet.emulate import Machine

pytestmark = [pytest.mark.board, pytest.mark.only_on("esp32c3")]
# Technical Reference Manual of the ESP32-C3, Watchdog Timers.
TIMER_GROUP, BY_RTC, SUPER = 0x6001F048, 0x60008090, 0x600080AC
ENABLED, WHILE_BOOTING, TAKE_OVER, FEEDS_ITSELF = 1 << 31, 1 << 14, 1 << 22, 1 << 31


def test_the_watchdogs_that_the_rom_leaves_running_are_off_once_the_program_runs(wire: Wire, echo: Machine) -> None:
    assert wire.ask(b"ealive") == b"alive"

    def register(address: int) -> int:
        return int.from_bytes(echo.read_memory(address, 4), "little")

    assert register(TIMER_GROUP) & (ENABLED | WHILE_BOOTING | TAKE_OVER) == TAKE_OVER, "off, and told to take that over"
    assert register(BY_RTC) == 0
    assert register(SUPER) & FEEDS_ITSELF
