# SPDX-License-Identifier: Apache-2.0
"""The real esptool flashes a virtual ESP32-C3 ROM loader on a pseudo terminal; no silicon was there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support import images
from tests.support.esp32c3_rom import ESP32_S3, SYNC, Faults, VirtualRom

from motet import flashing
from motet.flashing import FlashError, Options, Reason, Step, ports, tool


@pytest.fixture
def flash(tmp_path: Path) -> Callable[..., flashing.Done]:
    board, image = images.board(tmp_path, "esp32c3"), images.binary(tmp_path, "esp32c3")

    def run(port: str, report: Callable[[Step], None] = lambda step: None, **options: Any) -> flashing.Done:
        return flashing.flash(board, report, Options(**{"port": port, "image": image, **options}))

    return run


def test_the_flash_holds_the_image_afterwards_and_the_chip_confirmed_it(flash):
    with VirtualRom() as rom:
        done = flash(rom.port)
    assert rom.flash.data[:20_000] == images.content("esp32c3")
    assert done.written and "MD5" in done.checked and done.size == 20_000


def test_flashing_the_same_again_erases_nothing(flash):
    with VirtualRom() as rom:
        flash(rom.port)
    with VirtualRom(flash=rom.flash) as again:
        erased = again.flash.erased
        assert not flash(again.port).written
        assert again.flash.erased == erased


def test_force_writes_what_is_there_already(flash):
    with VirtualRom() as rom:
        flash(rom.port)
    with VirtualRom(flash=rom.flash) as again:
        assert flash(again.port, force=True).written


def test_progress_is_told_from_connecting_to_verifying_and_never_runs_backwards(flash):
    steps: list[Step] = []
    with VirtualRom() as rom:
        flash(rom.port, steps.append)
    fractions = [step.fraction for step in steps if step.fraction is not None]
    assert len(fractions) > 5 and fractions == sorted(fractions) and fractions[-1] == 1.0
    assert "connecting" in steps[0].text and "verifying" in steps[-1].text


def refused(flash, faults: Faults | None = None, **options: Any) -> tuple[FlashError, VirtualRom]:
    with VirtualRom(faults) as rom, pytest.raises(FlashError) as caught:
        flash(rom.port, **options)
    return caught.value, rom


def works_the_second_time(flash, rom: VirtualRom) -> bool:
    with VirtualRom(flash=rom.flash) as again:
        flash(again.port)
    return again.flash.data[:20_000] == images.content("esp32c3")


def test_another_chip_is_named_and_nothing_is_written(flash):
    error, rom = refused(flash, Faults(chip_id=ESP32_S3))
    assert error.reason is Reason.CHIP and "ESP32-S3" in str(error)
    assert not rom.wrote


def test_a_port_where_nothing_answers_says_how_to_enter_the_boot_loader(flash):
    error, rom = refused(flash, Faults(silent=True))
    assert error.reason is Reason.SILENT and "BOOT" in str(error)
    assert works_the_second_time(flash, rom)


def test_unplugged_half_way_says_so_and_the_second_attempt_works(flash):
    error, rom = refused(flash, Faults(disconnect_at=7))
    assert error.reason is Reason.LOST and "again" in str(error)
    assert works_the_second_time(flash, rom)


def test_a_flash_that_holds_something_else_afterwards_is_a_failure(flash):
    error, rom = refused(flash, Faults(corrupt_md5=True))
    assert error.reason is Reason.VERIFY
    assert works_the_second_time(flash, rom)


def test_a_block_that_the_chip_never_takes_ends_in_an_error_and_the_second_attempt_works(flash):
    error, rom = refused(flash, Faults(fail_block=3))
    assert error.reason is Reason.LOST
    assert works_the_second_time(flash, rom)


def test_another_boards_image_never_reaches_the_chip(flash, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(images.content("rp2040"))
    error, rom = refused(flash, image=other, force=True)
    assert error.reason is Reason.IMAGE and "rp2040" in str(error)
    assert SYNC not in rom.commands


def test_a_port_that_is_not_there_and_one_that_is_no_port_are_told_apart(flash, tmp_path):
    with pytest.raises(FlashError, match="No such file") as missing:
        flash(str(tmp_path / "ttyUSB7"))
    with pytest.raises(FlashError, match="no serial port") as folder:
        flash(str(tmp_path))
    assert missing.value.reason is folder.value.reason is Reason.PORT


def test_without_esptool_the_error_says_how_to_get_it(flash, monkeypatch):
    monkeypatch.setattr(tool.shutil, "which", lambda *_args, **_keys: None)
    with VirtualRom() as rom, pytest.raises(FlashError, match="pip install 'motet") as caught:
        flash(rom.port)
    assert caught.value.reason is Reason.TOOL


def test_an_esptool_of_before_version_5_is_refused(flash, monkeypatch, tmp_path):
    # A stand-in for the program: version 4 has other command names.
    old = tmp_path / "esptool"
    old.write_text("#!/bin/sh\necho esptool.py v4.7.0\necho 4.7.0\n")
    old.chmod(0o755)
    monkeypatch.setattr(tool, "find", lambda name, how: str(old))
    with VirtualRom() as rom, pytest.raises(FlashError, match="too old") as caught:
        flash(rom.port)
    assert caught.value.reason is Reason.TOOL


def test_a_dry_run_shows_the_command_and_leaves_the_chip_alone(tmp_path):
    board, image = images.board(tmp_path, "esp32c3"), images.binary(tmp_path, "esp32c3")
    with VirtualRom() as rom:
        plan = flashing.plan(board, Options(port=rom.port, image=image))
    assert rom.port in plan.commands[0] and "--no-stub" in plan.commands[0]
    assert plan.size == 20_000 and not rom.commands


def test_a_pseudo_terminal_has_no_lines_to_reset_a_chip_by():
    with VirtualRom() as rom:
        assert not ports.has_modem_lines(rom.port)
