# SPDX-License-Identifier: Apache-2.0
"""board.toml: what is read, and what is said about a wrong one."""

import re
from pathlib import Path

import pytest

from motet import boards

GOOD = """
name = "demo"
title = "A demo part"
mcu = "DEMO1"
arch = "armv7em"
features = ["fpu"]
[memory]
flash = 0x100000
ram = 0x20000
[build]
soc = "demo"
[budget]
flash = 400000
static_ram = 20000
heap_free = 65536
[emulate]
program = "qemu-system-arm"
arguments = ["-M", "demo", "-kernel", "{firmware}"]
"""


def write(folder: Path, text: str, name: str = "demo") -> Path:
    path = folder / name / "board.toml"
    path.parent.mkdir()
    path.write_text(text)
    return path


def test_every_board_of_the_repository_is_valid_and_has_a_linker_script() -> None:
    assert {"stm32f405", "virt_rv32"} <= set(boards.names())
    for name in boards.names():
        assert boards.load(name).linker_script.is_file()


def test_a_board_is_found_by_the_name_of_its_folder(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    board = boards.load("demo", tmp_path)
    assert board.memory.ram == 131072 and board.build.on_fault == "reset" and board.folder == tmp_path / "demo"


def test_an_unknown_board_is_refused_with_the_names_of_those_that_exist(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(boards.BoardError, match=r"no board is called 'other'; there are: demo"):
        boards.load("other", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("flash = 0x100000", "flash = 0", "memory.flash: Input should be greater than 0"),
        ("ram = 0x20000", "", "memory.ram: Field required"),
        ('arch = "armv7em"', 'arch = "z80"', "arch: Input should be 'armv7em' or 'rv32imac'"),
        ("[budget]", "[budget]\nspeed = 1", "budget.speed: Extra inputs are not permitted"),
        ("heap_free = 65536", "heap_free = 1000000", "budget.heap_free is 1000000 bytes, the part has 131072"),
        ('"{firmware}"', '"firmware.elf"', 'no argument contains "{firmware}"'),
        ('name = "demo"', 'name = "Demo board"', "name: String should match pattern"),
        ('name = "demo"', 'name = "other"', "name: 'other' is not the name of its folder, 'demo'"),
        ("[memory]", "[memory", "not TOML"),
        ('title = "A demo part"', 'title = "A demo part"\nfolder = "/"', "folder: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_value_is_refused_with_file_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(boards.BoardError, match=re.escape(says)) as caught:
        boards.load("demo", tmp_path)
    assert str(path) in str(caught.value)


def test_all_wrong_keys_are_named_at_once(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("flash = 0x100000", "flash = -1").replace('soc = "demo"', "soc = 1"))
    with pytest.raises(boards.BoardError, match=r"memory\.flash.*build\.soc"):
        boards.load("demo", tmp_path)
