# SPDX-License-Identifier: Apache-2.0
"""STM32 with programs that stand in for st-info, st-flash and dfu-util: they print what the real ones document.

What is tested is how Motet drives them and reads their answers. Neither the real programs nor a real part took part.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support import images

from motet import flashing
from motet.flashing import FlashError, Options, Reason, tool

ST_INFO = """#!/bin/sh
. "{state}"
[ -n "$chip" ] || {{ echo "Found 0 stlink programmers"; exit 0; }}
echo "Found 1 stlink programmers"
echo "  version:    V2J37S7"
echo "  serial:     066DFF"
echo "  flash:      1048576 (pagesize: 16384)"
echo "  chipid:     $chip"
"""
# st-flash --serial S [--reset] write FILE ADDRESS | read FILE ADDRESS SIZE
ST_FLASH = """#!/bin/sh
. "{state}"
[ "$1" = --serial ] && shift 2
[ "$1" = --reset ] && shift
if [ "$1" = read ]; then tail -c +$(($3 - 0x08000000 + 1)) "{flash}" 2>/dev/null | head -c $(($4)) >"$2"; exit 0; fi
echo "INFO common.c: Attempting to write bytes to stm32 address: $3"
echo "EraseFlash - Sector:0x0 Size:0x4000"
if [ "$fault" = lost ]; then head -c 100 "$2" >"{flash}"; echo "ERROR usb.c: LIBUSB_ERROR_NO_DEVICE"; exit 255; fi
dd if="$2" of="{flash}" bs=1 seek=$(($3 - 0x08000000)) conv=notrunc status=none
echo "INFO common.c: Starting verification of write complete"
if [ "$fault" = verify ]; then
    echo worse >"{flash}"
    echo "ERROR common.c: Verification of flash failed at offset: 0"
    exit 255
fi
echo "INFO common.c: Flash written and verified! jolly good!"
"""
DFU = """#!/bin/sh
. "{state}"
case "$*" in
-l) [ -z "$layout" ] || for alt in 1 0; do
    echo "Found DFU: [0483:df11] ver=2200, devnum=7, cfg=1, intf=0, path=\\"1-1\\"," \\
        "alt=$alt, name=\\"$layout\\", serial=\\"3570\\""
    done ;;
*" -D "*)
    printf "Erase   \\t[=====     ]  50%%\\rDownload\\t[=====     ]  50%%        1024 bytes\\r"
    [ "$fault" = lost ] && {{ echo "dfu-util: Error during download get_status"; exit 74; }}
    for file; do :; done
    dd if="$file" of="{flash}" bs=1 seek=$(($6 - 0x08000000)) conv=notrunc status=none
    [ "$fault" = verify ] && echo worse >"{flash}"
    echo "Download done." ;;
*" -U "*)
    echo "$*" >>"{state}.uploads"
    for file; do :; done
    [ ! -e "$file" ] || exit 73
    [ -e "{flash}" ] || exit 74
    where=${{6%%:*}}
    tail -c +$((where - 0x08000000 + 1)) "{flash}" | head -c "${{6##*:}}" >"$file" ;;
esac
"""
LAYOUT = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"


class Bench:
    """A folder of stand-ins first on PATH, what they are told, and the flash they fill."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.flash, self._state = folder, folder / "flash.bin", folder / "state"
        for name, script in (("st-info", ST_INFO), ("st-flash", ST_FLASH), ("dfu-util", DFU)):
            path = folder / name
            path.write_text(script.format(state=self._state, flash=self.flash))
            path.chmod(0o755)
        self.board, self.image = images.board(folder, "stm32"), images.binary(folder, "stm32")
        self.set()

    def set(self, chip: str = "0x413", layout: str = LAYOUT, fault: str = "") -> None:
        self._state.write_text(f"chip='{chip}'\nlayout='{layout}'\nfault='{fault}'\n")

    def run(self, method: str, **options):
        steps = []
        done = flashing.flash(self.board, steps.append, Options(image=self.image, method=method, **options))
        return done, [step.text for step in steps]

    def refused(self, method: str, **options) -> FlashError:
        with pytest.raises(FlashError) as caught:
            self.run(method, **options)
        return caught.value


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Bench(tmp_path)


BOTH = pytest.mark.parametrize("method", ["st-flash", "dfu"])


@BOTH
def test_the_image_is_written_verified_and_not_written_twice(bench, method):
    done, steps = bench.run(method)
    assert done.written and bench.flash.read_bytes() == images.content("stm32")
    assert "writing" in steps and "verifying" in steps
    assert not bench.run(method)[0].written
    assert bench.run(method, force=True)[0].written


@BOTH
def test_what_the_device_keeps_in_its_flash_survives(bench, method):
    bench.board = images.board(bench.folder, "stm32", images.STORE)
    head, tail = images.content("stm32", 0x1000), b"program" * 100
    bench.image.write_bytes(head + b"\xff" * 0x2000 + tail)
    bench.flash.write_bytes(b"o" * 0x1000 + b"values" * 1000 + b"\0" * 0x4000)
    before = bench.flash.read_bytes()
    assert bench.run(method)[0].written
    assert bench.flash.read_bytes() == head + before[0x1000:0x3000] + tail + before[0x3000 + len(tail) :]
    assert not bench.run(method)[0].written


@BOTH
def test_a_dry_run_names_every_part_that_would_be_written(bench, method):
    bench.board = images.board(bench.folder, "stm32", images.STORE)
    bench.image.write_bytes(images.content("stm32", 0x1000) + b"\xff" * 0x2000 + b"tail")
    first, second = flashing.plan(bench.board, Options(image=bench.image, method=method)).commands
    assert "[0x0:0x1000]" in first and "[0x3000:0x3004]" in second and not bench.flash.exists()


def test_a_part_that_was_flashed_over_usb_is_started_once_its_content_was_checked(bench):
    bench.run("dfu")
    uploads = (bench.folder / "state.uploads").read_text().splitlines()
    assert [":leave:" in line for line in uploads] == [False, False, True]


def test_a_probe_with_no_chip_behind_it_is_told_from_a_wrong_chip(bench):
    bench.set(chip="0x000")
    assert bench.refused("st-flash").reason is Reason.SILENT


@BOTH
def test_another_chip_is_refused_before_anything_is_written(bench, method):
    bench.set(chip="0x450", layout="@Internal Flash  /0x08000000/8*128Kg")
    error = bench.refused(method)
    assert error.reason is Reason.CHIP and "another chip" in str(error)
    assert not bench.flash.exists()


@BOTH
def test_no_probe_and_no_part_in_its_boot_loader_are_unreachable(bench, method):
    bench.set(chip="", layout="")
    assert bench.refused(method).reason is Reason.PORT


@BOTH
def test_a_serial_number_that_is_not_there_lists_what_is(bench, method):
    error = bench.refused(method, port="nobody")
    assert error.reason is Reason.PORT and "nobody" in str(error) and ("066DFF" in str(error) or "3570" in str(error))


@BOTH
def test_unplugged_half_way_says_so_and_the_second_attempt_works(bench, method):
    bench.set(fault="lost")
    assert bench.refused(method).reason is Reason.LOST
    bench.set()
    assert bench.run(method)[0].written and bench.flash.read_bytes() == images.content("stm32")


@BOTH
def test_a_flash_that_holds_something_else_afterwards_is_a_failure(bench, method):
    bench.set(fault="verify")
    assert bench.refused(method).reason is Reason.VERIFY
    bench.set()
    assert bench.run(method)[0].written


@pytest.mark.parametrize(("method", "package"), [("st-flash", "stlink-tools"), ("dfu", "dfu-util")])
def test_without_the_program_the_error_names_its_package(bench, method, package, monkeypatch):
    monkeypatch.setattr(tool.shutil, "which", lambda *_args, **_keys: None)
    error = bench.refused(method)
    assert error.reason is Reason.TOOL and package in str(error)


def test_a_method_that_the_board_does_not_have_is_refused_with_those_it_has(bench):
    error = bench.refused("esptool")
    assert error.reason is Reason.BOARD and "st-flash, dfu" in str(error)


def test_a_program_that_neither_speaks_nor_ends_is_ended(bench):
    silent = bench.folder / "silent"
    silent.write_text("#!/bin/sh\necho begun\nexec sleep 600\n")
    silent.chmod(0o755)
    lines = []
    with pytest.raises(FlashError, match="does not end"):
        tool.run([str(silent)], lines.append, timeout=0.5)
    assert lines == ["begun"]
