# SPDX-License-Identifier: Apache-2.0
"""tools/build.py: what it says when something is missing or too large, and what makes it start over."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from motet import boards

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))

import build_edge  # noqa: E402
import build_port  # noqa: E402
import build_steps  # noqa: E402
import firmware_image  # noqa: E402


@pytest.fixture
def board() -> boards.Board:
    return boards.load("stm32f405")


@pytest.fixture
def layout(board: boards.Board) -> dict[str, int]:
    assert board.memory and board.emulate and board.emulate.seed_address
    return {"_flash_length": board.memory.flash, "_ram_length": board.memory.ram, "boot_seed": board.emulate.seed_address}


def test_a_missing_compiler_is_named_with_the_packages_that_bring_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    says = "arm-none-eabi-gcc is missing; install it with: sudo apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"
    with pytest.raises(build_steps.BuildError, match=says):
        build_port.build(boards.load("stm32f405"), None)


def test_a_compiler_without_its_c_library_is_told_from_a_missing_one(tmp_path: Path) -> None:
    lost = firmware_image.Toolchain("", "no-such.specs", "some-package")
    with pytest.raises(build_steps.BuildError, match="gcc has no C library; install it with: sudo apt-get install some-package"):
        build_port.need_toolchain(lost)


def test_an_unknown_board_is_one_sentence_and_a_failure() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "tools/build.py"), "firmware", "nothing"], capture_output=True, text=True)
    assert done.returncode == 1 and "no board is called 'nothing'" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ({"flash": 430081, "static_ram": 1, "heap": 65536}, "stm32f405: flash is 430081, limit in budgets.toml says 430080"),
        ({"flash": 1, "static_ram": 24577, "heap": 65536}, "stm32f405: static_ram is 24577, limit in budgets.toml says 24576"),
        ({"flash": 1, "static_ram": 1, "heap": 65535}, "stm32f405: heap_free is 65535, limit in budgets.toml says 65536"),
    ],
)
def test_an_image_beyond_its_budget_is_refused_with_both_numbers(board: boards.Board, size: dict[str, int], says: str) -> None:
    with pytest.raises(build_steps.BuildError, match=says):
        firmware_image.check_limits(board, size)


def test_an_image_at_its_budget_is_accepted(board: boards.Board) -> None:
    firmware_image.check_limits(board, {"flash": 430080, "static_ram": 24576, "heap": 65536})


@pytest.mark.parametrize(
    ("symbol", "says"),
    [("_flash_length", "memory.flash = "), ("_ram_length", "memory.ram"), ("boot_seed", "emulate.seed_address")],
)
def test_a_linker_script_that_contradicts_board_toml_is_refused(
    board: boards.Board, layout: dict[str, int], symbol: str, says: str
) -> None:
    firmware_image.check_layout(board, layout)
    with pytest.raises(build_steps.BuildError, match=says):
        firmware_image.check_layout(board, {**layout, symbol: 4096})


def test_changed_compiler_options_empty_the_folder_and_equal_ones_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "board"
    build_port.prepare(folder, "one")
    (folder / "object.o").write_text("")
    build_port.prepare(folder, "one")
    assert (folder / "object.o").exists()
    build_port.prepare(folder, "other")
    assert not (folder / "object.o").exists() and (folder / "board.mk").read_text() == "other"


def test_another_list_of_modules_freezes_anew(tmp_path: Path) -> None:
    frozen = tmp_path / "frozen_content.c"
    build_port.forget_removed_modules(tmp_path, tmp_path / "one")
    frozen.write_text("")
    build_port.forget_removed_modules(tmp_path, tmp_path / "one")
    assert frozen.exists()
    build_port.forget_removed_modules(tmp_path, tmp_path / "other")
    assert not frozen.exists()


def test_a_failing_step_shows_the_end_of_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_steps, "ROOT", tmp_path)
    with pytest.raises(build_steps.BuildError, match=r"sh failed; the end of logs/step\.log:\nthe reason"):
        build_steps.run_logged(tmp_path / "logs/step.log", ["sh", "-c", "echo the reason; exit 3"])


def test_a_soc_without_a_source_file_is_refused_with_file_and_key(board: boards.Board) -> None:
    lost = board.model_copy(update={"build": board.build.model_copy(update={"soc": "none"})})
    with pytest.raises(build_steps.BuildError, match=r"board\.toml: build\.soc: neither .* has soc_none\.c"):
        build_port.soc_sources(lost)


def test_fetching_says_nothing_on_standard_output_and_its_failure_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/fetch.py").write_text("print('fetch: a source')\nraise SystemExit(1)\n")
    monkeypatch.setattr(build_steps, "ROOT", tmp_path)
    with pytest.raises(build_steps.BuildError, match="the sources are not there"):
        build_steps.micropython()
    assert capfd.readouterr() == ("", "fetch: a source\n")


def test_a_source_tree_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROPYTHON_DIR", str(tmp_path))
    with pytest.raises(build_steps.BuildError, match=f"{tmp_path} is no MicroPython source tree"):
        build_steps.micropython()


def test_a_folder_without_a_main_module_is_refused_before_anything_is_compiled(tmp_path: Path) -> None:
    with pytest.raises(build_steps.BuildError, match=f"{tmp_path} has no main.py"):
        build_port.build(boards.load("stm32f405"), tmp_path)


def test_other_flags_or_another_compiler_build_the_edge_node_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "edge"
    shutil.copytree(build_edge.SOURCE, source)
    monkeypatch.setattr(build_edge, "SOURCE", source)
    monkeypatch.setattr(build_edge, "ROOT", tmp_path)
    before = build_edge.options(tls=True)
    assert before == build_edge.options(tls=True) != build_edge.options(tls=False)
    for name in ("variant/mpconfigvariant.mk", "variant/mpconfigvariant.h", "variant/motet_mbedtls.h", "manifest.py", "Makefile"):
        (source / name).write_text((source / name).read_text() + "# other\n")
        before, now = build_edge.options(tls=True), before
        assert before != now
