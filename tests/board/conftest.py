# SPDX-License-Identifier: Apache-2.0
"""Emulated boards for the tests: images built when needed, one emulator per test."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wire import Wire

from motet import boards
from motet.emulate import Machine, create

ROOT = Path(__file__).resolve().parents[2]
EMULATED = {name: boards.load(name).emulate for name in boards.names()}
BOARDS = [name for name, emulate in EMULATED.items() if emulate and not isinstance(emulate, boards.Process)]
TWINS = frozenset({"mps2_an385", "mps2_an386", "mps3_an547"})
ARM, RISCV = "arm-none-eabi-gcc", "riscv64-unknown-elf-gcc"
COMPILERS = {"armv6m": ARM, "armv7m": ARM, "armv7em": ARM, "armv8_1m": ARM, "rv32imac": RISCV, "rv32imc": RISCV}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test runs on every emulated board; one marked qemu_only where QEMU does.

    On TWINS, which are further cores below the same port, only those marked on_twins.
    """
    if "board" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker
        names = [name for name in BOARDS if marked("on_twins") or name not in TWINS]
        if marked("qemu_only"):
            names = [name for name in names if isinstance(boards.load(name).emulate, boards.Qemu)]
        if "echo" in metafunc.fixturenames:
            # Another program for the rp2 port is another minute of compiling.
            names = [name for name in names if not isinstance(boards.load(name).build, boards.Rp2Build)]
        if only := marked("only_on"):
            names = list(only.args)
        metafunc.parametrize("board", names, indirect=True)


@pytest.fixture
def board(request: pytest.FixtureRequest) -> boards.Board:
    """Each emulated board in turn; skips where QEMU or the compiler is missing."""
    found = boards.load(request.param)
    assert found.emulate
    emulator = [found.emulate.program] if isinstance(found.emulate, boards.Qemu) else []
    for program in (*emulator, COMPILERS[found.arch]):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    return found


@pytest.fixture(scope="session")
def build() -> Callable[..., dict[str, object]]:
    """Builds an image with tools/build.py, which serialises builds across processes; once in a session each."""
    done: dict[tuple[str, ...], dict[str, object]] = {}

    def run(*arguments: str) -> dict[str, object]:
        if arguments not in done:
            command = [sys.executable, str(ROOT / "tools/build.py"), "firmware", *arguments, "--json"]
            result = subprocess.run(command, capture_output=True, text=True)
            assert result.returncode == 0, result.stderr
            done[arguments] = json.loads(result.stdout)
        return done[arguments]

    return run


@pytest.fixture
def image(board: boards.Board, build: Callable[..., dict[str, object]]) -> dict[str, object]:
    """The product's image: its path as "elf", and its sizes."""
    return build(board.name)


@pytest.fixture
def echo(board: boards.Board, build: Callable[..., dict[str, object]], tmp_path: Path) -> Iterator[Machine]:
    """A running board with the echo program instead of the core."""
    elf = Path(str(build(board.name, "--main", str(ROOT / "tests/board/echo"))["elf"]))
    with create(board, firmware=elf, log=tmp_path / "emulator.log") as emulator:
        yield emulator


@pytest.fixture
def product(board: boards.Board, image: dict[str, object], tmp_path: Path) -> Iterator[Machine]:
    """A running board with the product's image."""
    with create(board, firmware=Path(str(image["elf"])), log=tmp_path / "emulator.log") as emulator:
        yield emulator


@pytest.fixture
def wire(echo: Machine) -> Iterator[Wire]:
    """A host's end of the link to the echo board, established."""
    with Wire(echo.port, console=echo.console_port) as opened:
        opened.until(lambda: opened.link.established)
        yield opened
