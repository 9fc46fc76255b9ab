# SPDX-License-Identifier: Apache-2.0
"""The whole way of an image: built, written by the real esptool into a virtual ROM loader, booted from that flash, called.

The loader and the processor are emulated; no silicon took part.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.emulated import DEVICE, world
from tests.support.esp32c3_rom import Faults, Flash, VirtualRom
from tests.support.system import MOTET

from motet.emulate import create

pytestmark = [pytest.mark.anyio, pytest.mark.board, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
BOARD = "esp32c3"


@pytest.fixture(scope="module")
def image() -> Path:
    command = [sys.executable, str(ROOT / "tools/build.py"), "firmware", BOARD, "--json"]
    built = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    return Path(json.loads(built.stdout)["bin"])


def flash(rom: VirtualRom, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MOTET, "flash", BOARD, "--port", rom.port, "--json", *options], capture_output=True, text=True, timeout=110
    )


async def answers(flash: Flash, tmp_path: Path) -> bool:
    """Boot from the flash as it is and read the board's vital signs over MCP."""
    (file := tmp_path / "flash.bin").write_bytes(flash.data)
    async with world(machine=create(BOARD, flash=file)) as system, system.client() as client:
        vitals = (await client.call_tool(f"{DEVICE}.vitals.read", {})).structured_content
    return vitals["board"] == BOARD


async def test_what_esptool_wrote_boots_and_answers_an_mcp_tool_call(image, tmp_path):
    with VirtualRom() as rom:
        done = flash(rom)
    assert done.returncode == 0, done.stdout
    assert rom.flash.data.startswith(image.read_bytes())
    assert await answers(rom.flash, tmp_path)


async def test_a_board_that_was_unplugged_half_way_boots_after_the_second_attempt(image, tmp_path):
    with VirtualRom(Faults(disconnect_at=100)) as rom:
        broken = flash(rom)
    assert broken.returncode == 1 and "broke while writing" in json.loads(broken.stdout)["error"]
    assert not rom.flash.data.startswith(image.read_bytes())
    with VirtualRom(flash=rom.flash) as again:
        assert flash(again).returncode == 0
    assert await answers(again.flash, tmp_path)


def test_make_flash_builds_the_image_and_writes_it(image):
    with VirtualRom() as rom:
        words = ["make", "-s", "flash", f"BOARD={BOARD}", f"PORT={rom.port}"]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=110, env={**os.environ, "MAKEFLAGS": ""})
    assert done.returncode == 0, done.stderr
    assert rom.flash.data.startswith(image.read_bytes())


def test_make_flash_without_a_board_says_what_to_write():
    done = subprocess.run(["make", "-s", "flash"], cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 2 and "BOARD=" in done.stderr
