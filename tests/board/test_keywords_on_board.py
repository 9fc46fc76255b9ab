# SPDX-License-Identifier: Apache-2.0
"""Renode's keywords on boards in QEMU: whose time passes, memory, registers, the log, and boards that end or stand still."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from motet.emulate import Emulator
from motet.emulate.keywords import runner, targets
from motet.emulate.keywords.errors import KeywordError, Unsupported
from motet.emulate.keywords.job import FAIL, Job
from motet.emulate.keywords.library import Renode
from motet.paths import data

pytestmark = pytest.mark.board
BANNER = "motet on stm32f405 after power_on"


@pytest.fixture
def image(build: object) -> Path:
    return Path(str(build("stm32f405")["elf"]))  # type: ignore[operator]


@pytest.fixture
def renode(image: Path) -> Iterator[Renode]:
    """A board with a tester on its text, not started."""
    library = Renode()
    library.execute_command(f"$bin=@{image}")
    library.execute_command(f"include @{data('renode') / 'boards/stm32f405.resc'}")
    library.create_terminal_tester(targets.variables(library.emulation.selected._board)["TEXT"], timeout=20)
    yield library
    library.close()


def test_a_wait_lasts_the_boards_time_to_the_millisecond_class(renode: Renode) -> None:
    renode.wait_for_line_on_uart(BANNER)
    before = renode.emulation.selected.now_ms()
    with pytest.raises(KeywordError, match="Terminal tester failed!"):
        renode.wait_for_line_on_uart("never said", timeout=0.5)
    passed = renode.emulation.selected.now_ms() - before
    assert passed >= 500


def test_the_time_of_a_paused_board_stands_still_and_goes_on_afterwards(renode: Renode) -> None:
    found = renode.wait_for_line_on_uart(BANNER, pauseEmulation=True)
    stopped = renode.emulation.selected.now_ms()
    assert 0 < float(str(found["timestamp"])) <= stopped
    assert renode.emulation.selected.now_ms() == stopped
    renode.execute_command('emulation RunFor "0.05"')
    after = renode.emulation.selected.now_ms()
    assert after >= stopped + 50
    assert renode.emulation.selected.now_ms() == after


def test_memory_is_read_and_written_in_every_width_flash_included(renode: Renode) -> None:
    ram, flash = 0x2001_0000, 0x0800_0000
    renode.execute_command(f"sysbus WriteDoubleWord {ram:#x} 0x11223344")
    assert renode.execute_command(f"sysbus ReadDoubleWord {ram:#x}") == "0x11223344\n"
    assert renode.execute_command(f"sysbus ReadWord {ram + 2:#x}") == "0x1122\n"
    renode.execute_command(f"sysbus WriteByte {ram:#x} 0xFF")
    assert renode.execute_command(f"sysbus ReadQuadWord {ram:#x}").startswith("0x")
    assert renode.execute_command(f"sysbus ReadByte {ram:#x}") == "0xFF\n"
    renode.execute_command(f"sysbus WriteWord {flash + 0x60000:#x} 0xBEEF")
    assert renode.execute_command(f"sysbus ReadWord {flash + 0x60000:#x}") == "0xBEEF\n"


def test_a_device_is_written_over_the_bus(renode: Renode) -> None:
    auto_reload = 0x4000_002C  # TIM2_ARR, RM0090 section 18.4.12
    renode.execute_command(f"sysbus WriteDoubleWord {auto_reload:#x} 0x1234")
    assert renode.execute_command(f"sysbus ReadDoubleWord {auto_reload:#x}") == "0x00001234\n"


def test_the_processor_starts_where_the_image_says(renode: Renode) -> None:
    entry = int(renode.execute_command('sysbus GetSymbolAddress "Reset_Handler"'), 16)
    renode.pc_should_be_equal(entry)
    with pytest.raises(KeywordError, match=f"Expected: 0x1, actual: 0x{entry:X}"):
        renode.register_should_be_equal("PC", 1)
    with pytest.raises(KeywordError, match="no register is called eax"):
        renode.register_should_be_equal("eax", 1)
    with pytest.raises(KeywordError, match="No symbol with name `nothing`"):
        renode.execute_command('sysbus GetSymbolAddress "nothing"')


def test_what_the_guest_does_wrong_is_in_the_log(renode: Renode) -> None:
    renode.create_log_tester(timeout=1)
    renode.execute_command("sysbus WriteDoubleWord 0x40003000 0xAAAA")  # a watchdog that QEMU does not have
    renode.wait_for_line_on_uart(BANNER)
    assert renode.wait_for_log_entry(BANNER).startswith("usart1: ")
    renode.should_not_be_in_log("kernel panic", timeout=0)
    with pytest.raises(KeywordError, match='Expected pattern "kernel panic" did not appear'):
        renode.wait_for_log_entry("kernel panic", timeout=0.1)
    renode.register_failing_log_string("after external")
    renode.execute_command("machine Reset")
    with pytest.raises(KeywordError, match="Test failing entry has been found in log"):
        renode.wait_for_log_entry("never", timeout=5)


def test_an_emulator_that_ends_fails_the_wait_at_once(renode: Renode) -> None:
    renode.wait_for_line_on_uart(BANNER)
    machine = renode.emulation.selected._machine
    assert machine is not None
    machine.kill()
    started = time.monotonic()
    with pytest.raises(KeywordError, match="the emulator has ended"):
        renode.wait_for_line_on_uart("more", timeout=60)
    assert time.monotonic() - started < 30
    with pytest.raises(KeywordError, match="not running"):
        renode.execute_command("machine Reset")


def test_an_image_that_is_none_is_refused_in_qemus_words(tmp_path: Path) -> None:
    library = Renode()
    (tmp_path / "bad.elf").write_bytes(b"no image")
    library.execute_command("mach create")
    library.execute_command(f"machine LoadPlatformDescription @{data('renode') / 'platforms/virt_rv32.repl'}")
    library.execute_command(f"sysbus LoadELF @{tmp_path / 'bad.elf'}")
    with pytest.raises(KeywordError, match=r"No symbol|no ELF"):
        library.execute_command('sysbus GetSymbolAddress "main"')
    library.close()


def test_another_image_is_not_put_under_a_running_board(renode: Renode, tmp_path: Path) -> None:
    renode.start_emulation()
    (tmp_path / "other.elf").write_bytes(b"")
    with pytest.raises(Unsupported):
        renode.execute_command(f"sysbus LoadELF @{tmp_path / 'other.elf'}")


def test_a_debugger_that_holds_the_board_is_noticed_by_its_time(renode: Renode) -> None:
    renode.wait_for_line_on_uart(BANNER)
    renode.emulation.selected.qemu().monitor("stop")
    renode.wait_for_pause(1)
    assert not renode.emulation.selected.started


def test_a_fault_that_nobody_expects_fails_the_test_and_leaves_a_snapshot(image: Path, tmp_path: Path) -> None:
    resource = data("renode") / "suites/board.resource"
    suite = tmp_path / "breaks.robot"
    suite.write_text(
        f"*** Settings ***\nResource    {resource}\n*** Test Cases ***\nBreaks\n    Boot Board\n    Break The Tick\n"
        "    Wait For Line On Uart    what is never said\nGoes On\n    Boot Board\n"
    )
    from motet import boards

    job = Job("stm32f405", [suite], tmp_path / "out", image, variables=targets.variables(boards.load("stm32f405")))
    events: list[dict[str, object]] = []
    outcome = runner.run(job, events.append)
    broken, fine = outcome.tests
    assert broken.status == FAIL and "HARDFAULT on usart1: HARDFAULT pc=" in broken.message
    assert [event["test"] for event in events if event["event"] == "fail_string"] == ["Breaks"]
    kept = {path.suffix for path in (tmp_path / "out/snapshots").iterdir()}
    assert {".txt", ".bin", ".qcow2"} <= kept
    assert fine.status == "PASS" and fine.instructions and fine.instructions > 1_000_000
    assert b"motet on stm32f405" in broken.uart_logs[0].read_bytes()


def test_the_clock_of_a_board_goes_on_over_a_reset_and_begins_anew_at_power_on(image: Path) -> None:
    with Emulator("stm32f405", image) as emulator:
        first = emulator.virtual_ns()
        emulator.reset()
        assert emulator.virtual_ns() >= first
        emulator.restart()
        assert emulator.virtual_ns() == 0
        emulator.pause()
        stopped = emulator.virtual_ns()
        assert emulator.virtual_ns() == stopped
        emulator.resume()
