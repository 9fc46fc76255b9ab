# SPDX-License-Identifier: Apache-2.0
"""That QEMU's log of translated code names exactly what ran: held against its log of every executed instruction."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from wire import Wire

from motet import boards
from motet.emulate import Emulator
from motet.hil import coverage

pytestmark = [pytest.mark.board, pytest.mark.qemu_only("only QEMU tells what it translates")]
EXECUTED = 300_000
SOURCES = Path(__file__).resolve().parents[2] / "firmware"


def addresses(pipe: Path) -> tuple[set[int], set[int]]:
    """Addresses translated and addresses executed, of a board's first instructions, out of both logs in one."""
    translated, executed, count = set(), set(), 0
    with pipe.open("rb") as lines:
        for line in lines:
            if line.startswith(b"0x"):
                translated.add(int(line[2 : line.index(b":")], 16))
            elif line.startswith(b"Trace"):
                executed.add(int(line.split(b"/")[1], 16))
                count += 1
                if count == EXECUTED:
                    break
    return translated, executed


def test_translated_one_by_one_is_what_was_executed(board: boards.Board, image: dict[str, object], tmp_path: Path):
    os.mkfifo(pipe := tmp_path / "log")
    both = ("-singlestep", "-d", "in_asm,exec,nochain", "-D", str(pipe))
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(addresses, pipe)
        with Emulator(board, firmware=Path(str(image["elf"])), arguments=both):
            translated, executed = reading.result(60)
    assert executed <= translated
    # The log was cut after a translation and before its execution, at worst.
    assert len(translated - executed) <= 1 and len(executed) > 1000


def test_a_boot_runs_the_port_and_no_model_kernel(board: boards.Board, image: dict[str, object], tmp_path: Path):
    elf = Path(str(image["elf"]))
    with Emulator(board, firmware=elf, arguments=coverage.arguments(tmp_path)) as emulator, Wire(emulator.port) as wire:
        wire.until(lambda: wire.link.established, "link")
    covered = coverage.of(elf, coverage.executed(tmp_path), SOURCES)
    ran = {str(path) for path, lines in covered.lines.items() if any(lines.values())}
    assert {"port/main.c", "native/frame/link.c"} <= ran and "native/nn/conv.c" not in ran
