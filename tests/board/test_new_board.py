# SPDX-License-Identifier: Apache-2.0
"""Adding a board is adding a folder: one is made from a template, changed as its manual says, built and booted."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from client import Client
from typer.testing import CliRunner
from wire import Wire

from motet import boards
from motet.cli.main import app
from motet.emulate import create

pytestmark = pytest.mark.board
ROOT = Path(__file__).resolve().parents[2]
NAME = "new_mps2_an500"
# What tells Arm's AN500, a Cortex-M7, from the board it is copied from.
CHANGES = (('"mps2-an386"', '"mps2-an500"'), ('mcu = "Cortex-M4F"', 'mcu = "Cortex-M7"'))


def edit(path: Path) -> None:
    text = path.read_text()
    for old, new in CHANGES:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_board_from_a_template_builds_boots_and_answers(tmp_path: Path) -> None:
    for program in ("qemu-system-arm", "arm-none-eabi-gcc"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    made = CliRunner().invoke(app, ["boards", "new", NAME, "--like", "mps2_an386", "--in", str(tmp_path)])
    assert made.exit_code == 0, made.output
    edit(tmp_path / NAME / "board.toml")
    command = [sys.executable, str(ROOT / "tools/build.py"), "firmware", NAME, "--boards", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    elf = Path(json.loads(done.stdout)["elf"])
    machine = create(boards.load(NAME, tmp_path), firmware=elf, log=tmp_path / "qemu.log")
    with machine, Wire(machine.port, console=machine.console_port) as wire:
        client = Client(wire)
        assert client.presence["board"] == NAME
        assert client.tool("vitals.read")["board"] == NAME
        machine.reset()
        wire.until(lambda: f"motet on {NAME} after external\r\n".encode() in wire.text, "boot text on the console")
