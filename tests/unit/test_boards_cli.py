# SPDX-License-Identifier: Apache-2.0
"""`motet boards`, `motet boards new`, and what the builds of boards say that cannot be built here."""

import json
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from motet import boards, boards_catalogue
from motet.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))

import build_idf  # noqa: E402
from build_steps import BuildError  # noqa: E402


def motet(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "250"})


def listed() -> dict[str, dict[str, object]]:
    return {board["name"]: board for board in json.loads(motet("boards", "--json").stdout)}


def test_every_board_is_listed_with_how_it_is_emulated_flashed_and_verified() -> None:
    found = listed()
    assert set(found) == set(boards.names())
    assert found["stm32f405"]["emulated"] == "QEMU netduinoplus2" and found["stm32f405"]["flashed"] == "st-flash, dfu"
    assert found["stm32f405"]["uarts"] == {"link": 1, "console": 0}
    assert found["linux"]["flash"] is None and found["linux"]["verification"].startswith("run as a process on x86-64")


def test_no_board_claims_silicon_and_each_says_so() -> None:
    for board in listed().values():
        assert not board["silicon"]
        assert "not yet" in str(board["verification"])


def test_a_board_that_nothing_ran_says_that_it_is_not_verified() -> None:
    assert listed()["esp32"]["verification"] == "not verified; silicon: not yet" and listed()["esp32"]["emulated"] is None


def test_the_list_for_people_names_each_board() -> None:
    done = motet("boards")
    assert done.exit_code == 0
    assert all(re.search(rf"^{name}: ", done.stdout, re.MULTILINE) for name in boards.names())


def test_a_new_board_is_a_copy_that_claims_nothing(tmp_path: Path) -> None:
    done = motet("boards", "new", "my_board", "--like", "stm32f405", "--in", str(tmp_path), "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["name"] == "my_board"
    board = boards.load("my_board", tmp_path)
    assert board.linker_script.is_file() and not board.verified and board.budgets and not board.budgets.expect
    assert boards_catalogue.verification(board) == "not verified; silicon: not yet"


@pytest.mark.parametrize(
    ("name", "like", "says"),
    [
        ("My-Board", "stm32f405", "'My-Board' is no name for a board"),
        ("../escape", "stm32f405", "'../escape' is no name for a board"),
        ("taken", "stm32f405", "is there already"),
        ("my_board", "nothing", "no board is called 'nothing'"),
    ],
)
def test_a_new_board_that_cannot_be_is_refused(tmp_path: Path, name: str, like: str, says: str) -> None:
    (tmp_path / "taken").mkdir()
    done = motet("boards", "new", name, "--like", like, "--in", str(tmp_path))
    assert done.exit_code == 2 and says in done.output.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_the_classic_esp32_needs_idf_and_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = boards.load("esp32")
    monkeypatch.delenv("IDF_PATH", raising=False)
    with pytest.raises(BuildError, match=r"IDF_PATH is not set; see .*boards/esp32/README\.md"):
        build_idf.build(board, None)
    monkeypatch.setenv("IDF_PATH", str(tmp_path))
    with pytest.raises(BuildError, match=r"is no ESP-IDF: it has no tools/idf\.py"):
        build_idf.build(board, None)
    for program in ("tools/idf.py", "idf.py"):
        (tmp_path / program).parent.mkdir(exist_ok=True)
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    with pytest.raises(BuildError, match=r"idf\.py is not on PATH: run \. .*/export\.sh first"):
        build_idf.build(board, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="MICROPYTHON_DIR must name a MicroPython source tree with its submodules"):
        build_idf.build(board, None)
