# SPDX-License-Identifier: Apache-2.0
"""Coverage out of QEMU's log of translated code and an image's line numbers, with programs compiled here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from motet.hil import coverage
from motet.hil.coverage import Coverage, CoverageError

SOURCE = """int chosen(int x) {
    if (x > 3)
        return x * 7;
    return x - 1;
}
int unused(int x) {
    return x + 1;
}
"""
LOG = "----------------\nIN: chosen\n0x{:08x}:  00000297          auipc           t0,0\n0x{:08x}:  b510  push {{r4, lr}}\n\n"


@pytest.fixture(params=["-gdwarf-4", "-gdwarf-5"])
def image(request, tmp_path: Path) -> Path:
    """An image with one function that is kept and one that the linker drops."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed")
    (tmp_path / "native").mkdir()
    (tmp_path / "native" / "chosen.c").write_text(SOURCE)
    command = "gcc -Os -ffunction-sections -nostdlib -static -Wl,--gc-sections,-e,chosen -o image.elf native/chosen.c"
    subprocess.run([*command.split(), request.param], cwd=tmp_path, check=True)
    return tmp_path / "image.elf"


def addresses(image: Path) -> range:
    """Where chosen() lies."""
    listing = subprocess.run(["nm", "-S", str(image)], capture_output=True, text=True, check=True).stdout
    start, size = next(
        (int(a, 16), int(b, 16))
        for a, b, _, name in (line.split() for line in listing.splitlines() if line.count(" ") == 3)
        if name == "chosen"
    )
    return range(start, start + size)


def test_lines_whose_code_ran_are_told_from_those_that_did_not(image):
    code = addresses(image)
    everything = coverage.of(image, code, image.parent)
    first = coverage.of(image, [code.start], image.parent)
    nothing = coverage.of(image, [], image.parent)
    assert set(everything.lines) == {Path("native/chosen.c")}
    assert everything.percent == 100.0 and nothing.percent == 0.0
    assert 0 < first.ran < first.total == everything.total


def test_functions_that_the_linker_dropped_do_not_count(image):
    lines = coverage.of(image, [], image.parent).lines[Path("native/chosen.c")]
    assert set(lines) <= {1, 2, 3, 4, 5}


def test_an_image_that_was_compiled_elsewhere_is_matched_by_its_folders_name(image, tmp_path):
    here = tmp_path / "copy" / image.parent.name
    (here / "native").mkdir(parents=True)
    (here / "native" / "chosen.c").write_text(SOURCE)
    assert set(coverage.of(image, [], here).lines) == {Path("native/chosen.c")}


def test_files_outside_of_the_folder_do_not_count(image, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(CoverageError, match="no line numbers"):
        coverage.of(image, [], tmp_path / "elsewhere")


def test_the_logs_of_all_processes_are_read_together(tmp_path):
    (tmp_path / "executed-1.log").write_text(LOG.format(0x80000000, 0x80000004))
    (tmp_path / "executed-22.log").write_text(LOG.format(0x80000004, 0x80000008) + "0x8000")
    assert coverage.executed(tmp_path) == {0x80000000, 0x80000004, 0x80000008}


@pytest.mark.parametrize("text", ["", "OBJD-T: 97020000\n", "qemu: could not load kernel\n"])
def test_a_log_without_addresses_says_what_may_be_wrong(tmp_path, text):
    (tmp_path / "executed-1.log").write_text(text)
    with pytest.raises(CoverageError, match="disassembler"):
        coverage.executed(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no elf", b"\x7fELF" + b"\xff" * 100])
def test_an_image_that_is_no_elf_file_is_an_error_of_its_own(tmp_path, content):
    (tmp_path / "image.elf").write_bytes(content)
    with pytest.raises(CoverageError):
        coverage.of(tmp_path / "image.elf", [1], tmp_path)


def test_a_line_that_ran_on_one_board_ran():
    together = Coverage()
    together.add({Path("a.c"): {1: True, 2: False}})
    together.add({Path("a.c"): {1: False, 2: False, 3: True}, Path("b.c"): {9: False}})
    assert together.lines == {Path("a.c"): {1: True, 2: False, 3: True}, Path("b.c"): {9: False}}
    assert (together.ran, together.total) == (2, 4)


def test_the_trace_file_is_lcovs():
    text = Coverage({Path("a.c"): {2: False, 1: True}}).lcov(Path("/src"))
    assert text.splitlines() == ["TN:", "SF:/src/a.c", "DA:1,1", "DA:2,0", "LF:2", "LH:1", "end_of_record"]
