# SPDX-License-Identifier: Apache-2.0
"""What a test or an operator can do to an emulated board from outside."""

import pytest
from wire import Wire

from motet.emulate import Machine

pytestmark = pytest.mark.board


def heap_end(echo: Machine) -> int:
    """Some RAM that nothing uses: the end of the heap of a program that needs little."""
    assert echo.board.memory and echo.board.emulate and echo.board.emulate.seed_address
    return echo.board.emulate.seed_address + echo.board.memory.ram // 2


def test_memory_that_is_written_reads_back_and_the_board_goes_on(wire: Wire, echo: Machine) -> None:
    pattern, where = bytes(range(256)) * 9 + b"odd", heap_end(echo) + 1
    echo.write_memory(where, pattern)
    assert echo.read_memory(where, len(pattern)) == pattern
    assert wire.ask(b"ealive") == b"alive"


@pytest.mark.qemu_only("asks its monitor")
def test_memory_of_a_stopped_board_is_written_and_it_stays_stopped(echo: Machine) -> None:
    echo.monitor("stop")
    echo.write_memory(heap_end(echo), b"new!")
    assert "paused" in echo.monitor("info status") and echo.read_memory(heap_end(echo), 4) == b"new!"


def test_executed_instructions_grow_with_work(wire: Wire, echo: Machine) -> None:
    before = echo.instructions()
    assert wire.ask(b"ealive") == b"alive"
    after = echo.instructions()
    assert before is not None and after is not None and after > before
