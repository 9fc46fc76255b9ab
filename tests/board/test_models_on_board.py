# SPDX-License-Identifier: Apache-2.0
"""`motet model run --on BOARD`: an emulated board computes what this machine does, in the memory that was foretold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from motet.boards import Board
from motet.cli.main import app
from motet.paths import data

pytestmark = pytest.mark.board
DIGITS = data("models") / "digits" / "digits.tflite"


def motet(*arguments: object) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["model", *map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_a_board_gives_the_same_bytes_and_needs_the_memory_that_check_told(board: Board, image: dict[str, object]) -> None:
    found = motet("run", DIGITS, "--on", board.name, "--firmware", image["elf"])
    assert found["output_sha256"] == motet("run", DIGITS)["output_sha256"]
    assert found["load_ms"] > 0 and found["instructions"] > 10_000
    told = motet("check", DIGITS, "--board", board.name)
    assert not told["arena_exact"] or found["arena_bytes"] == told["arena_bytes"]


def test_a_packed_model_needs_less_memory_there_and_gives_the_same_bytes(
    board: Board, image: dict[str, object], tmp_path: Any
) -> None:
    packed = tmp_path / "packed.tflite"
    motet("pack", DIGITS, "-o", packed)
    before, after = (motet("run", model, "--on", board.name, "--firmware", image["elf"]) for model in (DIGITS, packed))
    assert after["output_sha256"] == before["output_sha256"]
    assert after["arena_bytes"] < before["arena_bytes"] and after["load_ms"] < before["load_ms"]
