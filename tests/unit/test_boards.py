# SPDX-License-Identifier: Apache-2.0
"""board.toml: what is read, and what is said about a wrong one."""

import re
from pathlib import Path

import pytest

from motet import boards
from motet.boards_budgets import exceeded

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
[emulate]
kind = "qemu"
program = "qemu-system-arm"
arguments = ["-M", "demo", "-kernel", "{firmware}"]
"""


BUDGETS = """
[limit]
flash = 400000
static_ram = 20000
heap_free = 65536
idle_percent = 95
[expect]
flash = 330000
[kernels]
digits = 1000
"""


def write(folder: Path, text: str, budgets: str = BUDGETS) -> Path:
    path = folder / "demo" / "board.toml"
    path.parent.mkdir()
    path.write_text(text)
    (path.parent / "budgets.toml").write_text(budgets)
    return path


def test_every_board_of_the_repository_is_valid_and_has_what_its_build_needs() -> None:
    assert {"stm32f405", "virt_rv32"} <= set(boards.names())
    for name in boards.names():
        board = boards.load(name)
        assert not isinstance(board.build, boards.PortBuild) or board.linker_script.is_file()


def test_a_board_is_found_by_the_name_of_its_folder(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    board = boards.load("demo", tmp_path)
    assert isinstance(board.build, boards.PortBuild) and board.build.on_fault == "reset"
    assert board.memory and board.memory.ram == 131072 and board.budget and board.budget.flash == 400000
    assert board.folder == tmp_path / "demo" and board.links.console is None and board.flashing.method == "none"


def test_an_unknown_board_is_refused_with_the_names_of_those_that_exist(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(boards.BoardError, match=r"no board is called 'other'; there are: demo"):
        boards.load("other", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("flash = 0x100000", "flash = 0", "memory.flash: Input should be greater than 0"),
        ("ram = 0x20000", "", "memory.ram: Field required"),
        ('arch = "armv7em"', 'arch = "z80"', "arch: Input should be 'armv6m', 'armv7m', 'armv7em'"),
        ("[build]", '[build]\nkind = "make"', "build: kind must be one of: port (default), rp2, idf, cpython"),
        ('soc = "demo"', 'kind = "rp2"\nsoc = "demo"', "build.soc: Extra inputs are not permitted"),
        ('kind = "qemu"', "", "emulate: kind must be one of: qemu, rp2040js, unicorn, process"),
        ("[emulate]", "[links]\nlink = 1\nconsole = 1\n[emulate]", "links: Value error, console and link are both UART 1"),
        ("[emulate]", '[flashing]\nmethod = "hope"\n[emulate]', "flashing.method: Input should be 'esptool', 'uf2'"),
        ('"-kernel", "{firmware}"', '"{firmware}", "{flash}"', "flash_bytes and an argument with"),
        ('features = ["fpu"]', 'verified = ["unicorn"]', "verified names unicorn, [emulate] does not"),
        ("[memory]\nflash = 0x100000\nram = 0x20000", "", 'build.kind = "port" needs [memory] and a budgets.toml'),
        ('title = "A demo part"', 'title = "A demo part"\nbudgets = 1', "budgets: Extra inputs are not permitted"),
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


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[expect]", "speed = 1\n[expect]", "budgets.toml: limit.speed: Extra inputs are not permitted"),
        ("heap_free = 65536", "heap_free = 1000000", "limit.heap_free of budgets.toml is 1000000 bytes, the part has 131072"),
        (
            "idle_percent = 95",
            "idle_percent = 101",
            "budgets.toml: limit.idle_percent: Input should be less than or equal to 100",
        ),
        ("flash = 330000", "flash = 0", "budgets.toml: expect.flash: Input should be greater than 0"),
        ("[limit]", "limit]", "budgets.toml: not TOML"),
    ],
)
def test_a_wrong_budget_is_refused_with_its_own_file_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in BUDGETS
    write(tmp_path, GOOD, BUDGETS.replace(old, new, 1))
    with pytest.raises(boards.BoardError, match=re.escape(says)):
        boards.load("demo", tmp_path)


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        ({"flash": 400001}, ["flash is 400001, limit in budgets.toml says 400000", "flash is 400001, expect"]),
        ({"flash": 363000, "heap_free": 65536, "idle_percent": 95.0, "digits": 1030}, []),
        ({"flash": 363001}, ["flash is 363001, expect in budgets.toml says 330000 and allows 10 % more"]),
        ({"heap_free": 65535}, ["heap_free is 65535, limit in budgets.toml says 65536"]),
        ({"idle_percent": 94.9}, ["idle_percent is 94.9, limit in budgets.toml says 95"]),
        ({"digits": 1031}, ["digits is 1031, kernels in budgets.toml says 1000 and allows 3 % more"]),
        ({"something_else": 1, "flash": None}, []),
    ],
)
def test_figures_beyond_a_budget_are_told_with_both_numbers(tmp_path: Path, figures: dict[str, object], says: list[str]) -> None:
    write(tmp_path, GOOD)
    budgets = boards.load("demo", tmp_path).budgets
    assert budgets
    found = exceeded(budgets, figures)
    assert len(found) == len(says) and all(line.startswith(start) for line, start in zip(found, says, strict=True))
