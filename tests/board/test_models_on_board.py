# SPDX-License-Identifier: Apache-2.0
"""`motet model run --on BOARD`: an emulated board computes what this machine does, in the memory that was foretold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.nn_builder import Tensor, one_operator, options
from typer.testing import CliRunner

from motet import boards
from motet.boards import Board
from motet.cli.console import Exit
from motet.cli.main import app
from motet.emulate import create
from motet.paths import data

pytestmark = pytest.mark.board
DIGITS = data("models") / "digits" / "digits.tflite"


def motet(*arguments: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["model", *map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_a_board_gives_the_same_bytes_and_needs_the_memory_that_check_told(board: Board, image: dict[str, object]) -> None:
    found = motet("run", DIGITS, "--on", board.name, "--firmware", image["elf"])
    assert found["output_sha256"] == motet("run", DIGITS)["output_sha256"]
    assert found["load_ms"] > 0 and found["instructions"] > 10_000
    told = motet("check", DIGITS, "--board", board.name)
    assert not told["arena_exact"] or found["arena_bytes"] == told["arena_bytes"]


def test_a_packed_model_needs_less_memory_there_and_gives_the_same_bytes(
    board: Board, image: dict[str, object], tmp_path: Path
) -> None:
    packed = tmp_path / "packed.tflite"
    motet("pack", DIGITS, "-o", packed)
    before, after = (motet("run", model, "--on", board.name, "--firmware", image["elf"]) for model in (DIGITS, packed))
    assert after["output_sha256"] == before["output_sha256"]
    assert after["arena_bytes"] < before["arena_bytes"] and after["load_ms"] < before["load_ms"]


def test_a_model_with_two_inputs_runs_on_a_board(board: Board, image: dict[str, object], tmp_path: Path) -> None:
    row = Tensor((1, 40), 0.1, 3)
    model = tmp_path / "sum.tflite"
    model.write_bytes(one_operator("ADD", [row, row], Tensor((1, 40), 0.2, -3), options("AddOptions")))
    inputs = []
    for seed in range(2):
        file = tmp_path / f"{seed}.npy"
        np.save(file, np.random.default_rng(seed).integers(-128, 128, (1, 40), np.int8))
        inputs += ["--input", file]
    found = motet("run", model, *inputs, "--on", board.name, "--firmware", image["elf"])
    assert found["output_sha256"] == motet("run", model, *inputs)["output_sha256"]


def test_a_model_whose_input_is_larger_than_the_boards_memory_is_refused_with_the_numbers(
    board: Board, image: dict[str, object], tmp_path: Path
) -> None:
    frame = Tensor((1, 3000, 3000, 1), 0.1)
    model = tmp_path / "frame.tflite"
    model.write_bytes(one_operator("RELU", [frame], frame))
    found = motet("run", model, "--on", board.name, "--firmware", image["elf"], code=Exit.FAILED)
    wanted = re.search(r"need (\d+) bytes in one block, (\d+) bytes are free", found["error"])
    assert wanted and int(wanted[1]) >= 3000 * 3000 > int(wanted[2]) > 0


def test_a_board_that_is_attached_runs_a_model_like_an_emulated_one(board: Board, image: dict[str, object]) -> None:
    """Only the URL is known to the command: here it leads to an emulated board, elsewhere to a serial port."""
    with create(board, firmware=Path(str(image["elf"]))) as emulator:
        emulator.start()
        found = motet("run", DIGITS, "--on", f"{board.name}={emulator.url}")
    assert found["board"] == "attached" and found["run_ms"] > 0
    assert found["output_sha256"] == motet("run", DIGITS)["output_sha256"]


def test_another_board_than_the_one_that_is_named_is_not_used(board: Board, image: dict[str, object]) -> None:
    other = next(name for name in boards.names() if name != board.name)
    with create(board, firmware=Path(str(image["elf"]))) as emulator:
        emulator.start()
        found = motet("run", DIGITS, "--on", f"{other}={emulator.url}", code=Exit.USAGE)
    assert f"is {board.name}, not {other}" in found["error"]
