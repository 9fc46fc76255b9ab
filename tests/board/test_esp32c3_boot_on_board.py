# SPDX-License-Identifier: Apache-2.0
"""What only the emulated ESP32-C3 has: a flash that boots as it is, or not at all."""

from pathlib import Path
from typing import Any

import pytest
from client import Client
from wire import Wire

from motet import boards
from motet.emulate import EmulatorError, create

pytestmark = [pytest.mark.board, pytest.mark.only_on("esp32c3")]

FLASH_SIZE = 4 << 20


def test_a_flash_file_boots_as_it_is_and_keeps_what_stands_behind_the_image(
    board: boards.Board, image: dict[str, Any], tmp_path: Path
) -> None:
    flash = tmp_path / "flash"
    firmware = Path(image["bin"]).read_bytes()
    flash.write_bytes(firmware + b"\xff" * (FLASH_SIZE - len(firmware) - 4) + b"kept")
    with create(board, flash=flash) as machine, Wire(machine.port) as wire:
        assert Client(wire).presence["board"] == "esp32c3"
        assert machine.read_memory(0x3C000000 + FLASH_SIZE - 4, 4) == b"kept"
    assert flash.read_bytes()[-4:] == b"kept"


def test_a_flash_without_an_image_is_refused_with_the_reason(board: boards.Board, tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    flash.write_bytes(b"\xff" * FLASH_SIZE)
    with pytest.raises(EmulatorError, match="does not begin with the magic word of direct boot"), create(board, flash=flash):
        pass


def test_a_flash_of_another_size_is_refused(board: boards.Board, tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    flash.write_bytes(b"\xff" * 4096)
    with pytest.raises(EmulatorError, match=r"has 4096 bytes, the board's flash 4194304"), create(board, flash=flash):
        pass


def test_the_same_seed_runs_the_same_instructions(board: boards.Board, image: dict[str, Any]) -> None:
    counts = []
    for _ in range(2):
        with create(board, firmware=Path(image["elf"]), seed=7) as machine:
            machine.pause()
            counts.append((machine.instructions(), machine.read_memory(0x3FC80400, 4)))
    # How far it came until the pause is the host's matter; the noise in RAM is the seed's.
    assert counts[0][1] == counts[1][1]


def test_a_paused_board_stands_still_with_its_time(board: boards.Board, image: dict[str, Any]) -> None:
    with create(board, firmware=Path(image["elf"])) as machine, Wire(machine.port) as wire:
        Client(wire)
        machine.pause()
        before = machine.instructions(), machine.virtual_ns()
        machine.write_memory(0x3FCA0000, b"while it stands")
        assert (machine.instructions(), machine.virtual_ns()) == before
        machine.resume()
        Client(wire, nonce=b"another!").tool("vitals.read")
        assert machine.instructions() > before[0]
