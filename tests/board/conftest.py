# SPDX-License-Identifier: Apache-2.0
"""Emulated boards for the tests: images built when needed, one QEMU per test."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wire import Wire

from motet import boards
from motet.emulate import Emulator

ROOT = Path(__file__).resolve().parents[2]
BOARDS = [name for name in boards.names() if boards.load(name).emulate]
COMPILERS = {"armv7em": "arm-none-eabi-gcc", "rv32imac": "riscv64-unknown-elf-gcc"}


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest) -> boards.Board:
    """Each emulated board in turn; skips where QEMU or the compiler is missing."""
    found = boards.load(request.param)
    assert found.emulate
    for program in (found.emulate.program, COMPILERS[found.arch]):
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
def echo(board: boards.Board, build: Callable[..., dict[str, object]], tmp_path: Path) -> Iterator[Emulator]:
    """A running board with the echo program instead of the core."""
    elf = Path(str(build(board.name, "--main", str(ROOT / "tests/board/echo"))["elf"]))
    with Emulator(board, firmware=elf, log=tmp_path / "qemu.log") as emulator:
        yield emulator


@pytest.fixture
def product(board: boards.Board, image: dict[str, object], tmp_path: Path) -> Iterator[Emulator]:
    """A running board with the product's image."""
    with Emulator(board, firmware=Path(str(image["elf"])), log=tmp_path / "qemu.log") as emulator:
        yield emulator


@pytest.fixture
def wire(echo: Emulator) -> Iterator[Wire]:
    """A host's end of the link to the echo board, established."""
    with Wire(echo.port) as opened:
        opened.until(lambda: opened.link.established)
        yield opened
